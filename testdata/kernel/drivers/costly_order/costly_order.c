// SPDX-License-Identifier: MIT
/*
 * Orders above PAGE_ALLOC_COSTLY_ORDER never kill anybody: no way through the OOM path, but direct
 * reclaim waits as for any order.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct costly_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct page *block;
};

int costly_pool_add(struct costly_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->block = alloc_pages(GFP_KERNEL, 5);	/* want GFP001: struct costly_pool.lock; ways reclaim !self */
	mutex_unlock(&pool->lock);
	return pool->block ? 0 : -ENOMEM;
}

static int costly_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct costly_pool *pool = container_of(nb, struct costly_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct costly_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int costly_pool_start(struct costly_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = costly_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
