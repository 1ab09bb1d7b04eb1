// SPDX-License-Identifier: MIT
/*
 * The bit goes only on one path, so on the other it is still there.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct path_mask {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int path_mask_add(struct path_mask *pool)
{
	unsigned long addr;
	gfp_t gfp = GFP_KERNEL;

	mutex_lock(&pool->lock);
	if (pool->nr_spare)
		gfp &= ~__GFP_DIRECT_RECLAIM;
	addr = __get_free_page(gfp);	/* want GFP001: struct path_mask.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int path_mask_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct path_mask *pool = container_of(nb, struct path_mask, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct path_mask.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int path_mask_start(struct path_mask *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = path_mask_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
