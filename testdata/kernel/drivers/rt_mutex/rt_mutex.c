// SPDX-License-Identifier: MIT
/*
 * An rt_mutex.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/rtmutex.h>
#include <linux/slab.h>

struct rt_mutex_pool {
	struct rt_mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int rt_mutex_pool_add(struct rt_mutex_pool *pool)
{
	unsigned long addr;

	rt_mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct rt_mutex_pool.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	rt_mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int rt_mutex_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct rt_mutex_pool *pool = container_of(nb, struct rt_mutex_pool, oom_nb);
	unsigned long *freed = data;

	rt_mutex_lock(&pool->lock);	/* want-callback: struct rt_mutex_pool.lock */
	*freed += pool->nr_spare;
	rt_mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int rt_mutex_pool_start(struct rt_mutex_pool *pool)
{
	rt_mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = rt_mutex_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
