// SPDX-License-Identifier: MIT
/*
 * __GFP_REPEAT meant less than what came after it.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct repeat_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int repeat_pool_add(struct repeat_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL | __GFP_REPEAT);	/* want GFP001: struct repeat_pool.lock; ways self retry reclaim */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int repeat_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct repeat_pool *pool = container_of(nb, struct repeat_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct repeat_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int repeat_pool_start(struct repeat_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = repeat_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
