// SPDX-License-Identifier: MIT
/*
 * GFP_NOWAIT wakes kswapd and gives up.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct nowait_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int nowait_pool_add(struct nowait_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_NOWAIT | __GFP_NOWARN);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int nowait_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct nowait_pool *pool = container_of(nb, struct nowait_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct nowait_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int nowait_pool_start(struct nowait_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = nowait_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
