// SPDX-License-Identifier: MIT
/*
 * The allocation is in a macro of the driver; its place is that of the macro's use.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct macro_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define POOL_PAGE(p, extra)						\
	((p)->nr_spare ? (p)->spare[--(p)->nr_spare]			\
		       : __get_free_page(GFP_KERNEL | (extra)))

unsigned long macro_pool_page(struct macro_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = POOL_PAGE(pool, __GFP_NOWARN);	/* want GFP001: struct macro_pool.lock; at POOL_PAGE */
	mutex_unlock(&pool->lock);
	return addr;
}

static int macro_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct macro_pool *pool = container_of(nb, struct macro_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct macro_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int macro_pool_start(struct macro_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = macro_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
