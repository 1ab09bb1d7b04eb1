// SPDX-License-Identifier: MIT
/*
 * The function that allocates is called with the lock held, drops it for as long as the allocation
 * takes and takes it again.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct dropped_below {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static unsigned long dropped_below_page(struct dropped_below *pool)
	__must_hold(&pool->lock)
{
	unsigned long addr;

	mutex_unlock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);
	mutex_lock(&pool->lock);
	return addr;
}

int dropped_below_add(struct dropped_below *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = dropped_below_page(pool);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int dropped_below_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct dropped_below *pool = container_of(nb, struct dropped_below, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct dropped_below.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int dropped_below_start(struct dropped_below *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = dropped_below_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
