// SPDX-License-Identifier: MIT
/*
 * __GFP_NORETRY closes the OOM path and leaves direct reclaim.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct noretry_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int noretry_pool_add(struct noretry_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOMEMALLOC);	/* want GFP001: struct noretry_pool.lock; ways reclaim !self !retry */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int noretry_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct noretry_pool *pool = container_of(nb, struct noretry_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct noretry_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int noretry_pool_start(struct noretry_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = noretry_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
