// SPDX-License-Identifier: MIT
/*
 * The driver's lock function takes the mutex and enters the scope in one go, keeping the cookie
 * beside the lock; its unlock function undoes both. Nothing in between reclaims.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct saved_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	unsigned int saved_flags;
};

static inline void saved_pool_lock(struct saved_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->saved_flags = memalloc_noreclaim_save();
}

static inline void saved_pool_unlock(struct saved_pool *pool)
{
	memalloc_noreclaim_restore(pool->saved_flags);
	mutex_unlock(&pool->lock);
}

int saved_pool_add(struct saved_pool *pool)
{
	unsigned long addr;

	saved_pool_lock(pool);
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	saved_pool_unlock(pool);
	return addr ? 0 : -ENOMEM;
}

static int saved_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct saved_pool *pool = container_of(nb, struct saved_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct saved_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int saved_pool_start(struct saved_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = saved_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
