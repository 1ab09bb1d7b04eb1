// SPDX-License-Identifier: MIT
/*
 * The mask is put together in a local: |= adds direct reclaim.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct or_mask {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int or_mask_add(struct or_mask *pool)
{
	unsigned long addr;
	gfp_t gfp = __GFP_NOWARN;

	mutex_lock(&pool->lock);
	gfp |= GFP_KERNEL;
	addr = __get_free_page(gfp);	/* want GFP001: struct or_mask.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int or_mask_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct or_mask *pool = container_of(nb, struct or_mask, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct or_mask.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int or_mask_start(struct or_mask *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = or_mask_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
