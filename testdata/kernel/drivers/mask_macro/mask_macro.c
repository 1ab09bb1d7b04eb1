// SPDX-License-Identifier: MIT
/*
 * The driver has macros of its own for its masks, one with a parameter.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct macro_mask {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define PAGE_POOL_GFP (GFP_HIGHUSER_MOVABLE & ~(__GFP_HIGHMEM | __GFP_MOVABLE))
#define PAGE_POOL_QUIET(mask) ((mask) | \
			       __GFP_NOWARN)

int macro_mask_add(struct macro_mask *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(PAGE_POOL_QUIET(PAGE_POOL_GFP));	/* want GFP001: struct macro_mask.lock; bits __GFP_NOWARN __GFP_HARDWALL !__GFP_HIGHMEM */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int macro_mask_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct macro_mask *pool = container_of(nb, struct macro_mask, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct macro_mask.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int macro_mask_start(struct macro_mask *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = macro_mask_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
