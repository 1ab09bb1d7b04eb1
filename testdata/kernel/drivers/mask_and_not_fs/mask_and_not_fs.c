// SPDX-License-Identifier: MIT
/*
 * &= ~ takes out bits that don't matter.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct and_fs_mask {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int and_fs_mask_add(struct and_fs_mask *pool)
{
	unsigned long addr;
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;

	mutex_lock(&pool->lock);
	gfp &= ~(__GFP_FS | __GFP_IO);
	addr = __get_free_page(gfp);	/* want GFP001: struct and_fs_mask.lock; bits !__GFP_FS !__GFP_IO */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int and_fs_mask_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct and_fs_mask *pool = container_of(nb, struct and_fs_mask, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct and_fs_mask.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int and_fs_mask_start(struct and_fs_mask *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = and_fs_mask_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
