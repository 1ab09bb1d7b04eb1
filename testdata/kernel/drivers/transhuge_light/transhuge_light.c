// SPDX-License-Identifier: MIT
/*
 * GFP_TRANSHUGE_LIGHT is GFP_HIGHUSER_MOVABLE without reclaim; GFP_TRANSHUGE has the direct half.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct huge_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct page *huge;
};

int huge_pool_try(struct huge_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->huge = alloc_pages(GFP_TRANSHUGE_LIGHT, 9);
	mutex_unlock(&pool->lock);
	return pool->huge ? 0 : -ENOMEM;
}

int huge_pool_insist(struct huge_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->huge = alloc_pages(GFP_TRANSHUGE, 9);	/* want GFP001: struct huge_pool.lock */
	mutex_unlock(&pool->lock);
	return pool->huge ? 0 : -ENOMEM;
}

static int huge_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct huge_pool *pool = container_of(nb, struct huge_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct huge_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int huge_pool_start(struct huge_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = huge_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
