// SPDX-License-Identifier: MIT
/*
 * The callback is in this file; the registration is in the other one.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

#include "split.h"

int split_pool_add(struct split_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct split_pool.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

int split_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct split_pool *pool = container_of(nb, struct split_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct split_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

MODULE_LICENSE("MIT");
