// SPDX-License-Identifier: MIT
/*
 * GFP_ATOMIC is __GFP_HIGH and nothing else, and GFP_NOWAIT is no bit at all.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct atomic_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int atomic_pool_add(struct atomic_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->spare[0] = __get_free_page(GFP_ATOMIC);
	pool->spare[1] = get_zeroed_page(GFP_NOWAIT);
	mutex_unlock(&pool->lock);
	return 0;
}

static int atomic_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct atomic_pool *pool = container_of(nb, struct atomic_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct atomic_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int atomic_pool_start(struct atomic_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = atomic_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
