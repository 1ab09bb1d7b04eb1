// SPDX-License-Identifier: MIT
/*
 * The bit itself.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct wait_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int wait_pool_add(struct wait_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(__GFP_WAIT | __GFP_NOWARN);	/* want GFP001: struct wait_pool.lock; bits __GFP_WAIT !__GFP_IO !__GFP_FS; ways retry !self !reclaim */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int wait_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct wait_pool *pool = container_of(nb, struct wait_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct wait_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int wait_pool_start(struct wait_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = wait_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
