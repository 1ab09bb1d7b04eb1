// SPDX-License-Identifier: MIT
/*
 * The bit cleared: nothing left to sleep.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct no_wait_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int no_wait_pool_add(struct no_wait_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL & ~__GFP_WAIT);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int no_wait_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct no_wait_pool *pool = container_of(nb, struct no_wait_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct no_wait_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int no_wait_pool_start(struct no_wait_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = no_wait_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
