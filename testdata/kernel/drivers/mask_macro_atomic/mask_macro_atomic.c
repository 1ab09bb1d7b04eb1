// SPDX-License-Identifier: MIT
/*
 * A driver's own mask that never blocks.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct macro_now {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define FAST_POOL_GFP (__GFP_HIGH | __GFP_KSWAPD_RECLAIM | \
		       __GFP_NOWARN)

int macro_now_add(struct macro_now *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(FAST_POOL_GFP | __GFP_ZERO);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int macro_now_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct macro_now *pool = container_of(nb, struct macro_now, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct macro_now.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int macro_now_start(struct macro_now *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = macro_now_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
