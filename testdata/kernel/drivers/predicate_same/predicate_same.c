// SPDX-License-Identifier: MIT
/*
 * Whether the lock is taken hangs on a flag that a small function reads; so does whether it is released.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#define PREDICATE_LONG_RUNNING BIT(2)

struct predicate_vm {
	struct mutex lock;
	unsigned long flags;
	void *pages;
	int stale;
};

static inline bool predicate_long_running(struct predicate_vm *vm)
{
	return vm->flags & PREDICATE_LONG_RUNNING;
}

static int predicate_pin(struct predicate_vm *vm)
{
	return vm->stale ? -EAGAIN : 0;
}

int predicate_run(struct predicate_vm *vm)
{
	int err;

retry:
	vm->pages = kmalloc(64, GFP_KERNEL);
	if (!vm->pages)
		return -ENOMEM;
	err = 0;
	if (!predicate_long_running(vm)) {
		mutex_lock(&vm->lock);
		err = predicate_pin(vm);
	}
	if (!predicate_long_running(vm))
		mutex_unlock(&vm->lock);
	if (err == -EAGAIN)
		goto retry;
	return err;
}

static unsigned long predicate_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct predicate_vm *vm = shrinker->private_data;

	mutex_lock(&vm->lock);	/* want-callback: struct predicate_vm.lock */
	vm->stale = 1;
	mutex_unlock(&vm->lock);
	return 1;
}

int predicate_add(struct predicate_vm *vm)
{
	struct shrinker *shrinker = shrinker_alloc(0, "predicate");

	if (!shrinker)
		return -ENOMEM;
	shrinker->scan_objects = predicate_scan;
	shrinker->private_data = vm;
	shrinker_register(shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
