// SPDX-License-Identifier: MIT
/*
 * A function of the driver says which mask to use.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct helper_mask {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	bool slow;
};

static gfp_t helper_mask_mask(const struct helper_mask *pool)
{
	gfp_t gfp = __GFP_NOWARN;

	if (pool->slow)
		gfp |= GFP_USER;
	else
		gfp |= GFP_NOFS;
	return gfp;
}

int helper_mask_add(struct helper_mask *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(helper_mask_mask(pool));	/* want GFP001: struct helper_mask.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int helper_mask_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct helper_mask *pool = container_of(nb, struct helper_mask, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct helper_mask.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int helper_mask_start(struct helper_mask *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = helper_mask_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
