// SPDX-License-Identifier: MIT
/*
 * The file that takes the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

#include "far.h"

int far_pool_add(struct far_pool *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = far_pool_fill(pool, GFP_KERNEL);	/* want GFP001: struct far_pool.lock */
	mutex_unlock(&pool->lock);
	return err;
}

static int far_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct far_pool *pool = container_of(nb, struct far_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct far_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int far_pool_start(struct far_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = far_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
