// SPDX-License-Identifier: MIT
/*
 * As predicate_same, but the flag is set while the lock is held: it is then not released.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#define PREDICATED_LONG_RUNNING 4

struct predicated_vm {
	struct mutex lock;
	unsigned long flags;
	void *pages;
	int stale;
};

static inline bool predicated_long_running(struct predicated_vm *vm)
{
	return vm->flags & PREDICATED_LONG_RUNNING;
}

static int predicated_pin(struct predicated_vm *vm)
{
	return vm->stale ? -EAGAIN : 0;
}

int predicated_run(struct predicated_vm *vm)
{
	int err;

retry:
	vm->pages = kmalloc(64, GFP_KERNEL);	/* want GFP003: struct predicated_vm.lock */
	if (!vm->pages)
		return -ENOMEM;
	err = 0;
	if (!predicated_long_running(vm)) {
		mutex_lock(&vm->lock);
		err = predicated_pin(vm);
		vm->flags |= PREDICATED_LONG_RUNNING;
	}
	if (!predicated_long_running(vm))
		mutex_unlock(&vm->lock);
	if (err == -EAGAIN)
		goto retry;
	return err;
}

static unsigned long predicated_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct predicated_vm *vm = shrinker->private_data;

	mutex_lock(&vm->lock);	/* want-callback: struct predicated_vm.lock */
	vm->stale = 1;
	mutex_unlock(&vm->lock);
	return 1;
}

int predicated_add(struct predicated_vm *vm)
{
	struct shrinker *shrinker = shrinker_alloc(0, "predicated");

	if (!shrinker)
		return -ENOMEM;
	shrinker->scan_objects = predicated_scan;
	shrinker->private_data = vm;
	shrinker_register(shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
