// SPDX-License-Identifier: MIT
/*
 * __GFP_RETRY_MAYFAIL keeps the allocation from calling out_of_memory() itself; where another
 * thread is in there, it retries for ever.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct mayfail_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int mayfail_pool_add(struct mayfail_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL | __GFP_RETRY_MAYFAIL);	/* want GFP001: struct mayfail_pool.lock; ways retry !self */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int mayfail_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct mayfail_pool *pool = container_of(nb, struct mayfail_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct mayfail_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int mayfail_pool_start(struct mayfail_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = mayfail_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
