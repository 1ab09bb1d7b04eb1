// SPDX-License-Identifier: MIT
/*
 * The bit is cleared in the argument itself.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct no_direct {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int no_direct_add(struct no_direct *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL & ~__GFP_DIRECT_RECLAIM);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int no_direct_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct no_direct *pool = container_of(nb, struct no_direct, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct no_direct.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int no_direct_start(struct no_direct *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = no_direct_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
