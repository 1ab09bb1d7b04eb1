// SPDX-License-Identifier: MIT
/*
 * A guard that the driver defines for itself, on functions of its own.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct own_guarded {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void own_guarded_lock(struct own_guarded *pool)
{
	mutex_lock(&pool->lock);
}

static void own_guarded_unlock(struct own_guarded *pool)
{
	mutex_unlock(&pool->lock);
}

DEFINE_GUARD(own_guarded, struct own_guarded *, own_guarded_lock(_T), own_guarded_unlock(_T))

int own_guarded_add(struct own_guarded *pool)
{
	unsigned long addr;

	scoped_guard(own_guarded, pool) {
		addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct own_guarded.lock */
		if (!addr)
			return -ENOMEM;
		pool->spare[pool->nr_spare++] = addr;
	}
	kfree(kzalloc(64, GFP_KERNEL));
	return 0;
}

static int own_guarded_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct own_guarded *pool = container_of(nb, struct own_guarded, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct own_guarded.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int own_guarded_start(struct own_guarded *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = own_guarded_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
