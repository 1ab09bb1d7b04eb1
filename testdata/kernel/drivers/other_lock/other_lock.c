// SPDX-License-Identifier: MIT
/*
 * The allocation is under another lock of the same structure.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct two_locks {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct mutex refill_lock;
};

int two_locks_add(struct two_locks *pool)
{
	unsigned long addr;

	mutex_lock(&pool->refill_lock);
	addr = __get_free_page(GFP_KERNEL);
	mutex_lock(&pool->lock);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	mutex_unlock(&pool->refill_lock);
	return addr ? 0 : -ENOMEM;
}

static int two_locks_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct two_locks *pool = container_of(nb, struct two_locks, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct two_locks.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int two_locks_start(struct two_locks *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = two_locks_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
