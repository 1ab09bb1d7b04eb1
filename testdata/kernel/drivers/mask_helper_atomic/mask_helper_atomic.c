// SPDX-License-Identifier: MIT
/*
 * A function says which mask to use; no answer of it blocks.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct helper_now {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	int mode;
};

static gfp_t helper_now_mask(const struct helper_now *pool)
{
	switch (pool->mode) {
	case 0:
		return GFP_ATOMIC;
	case 1:
		return GFP_NOWAIT;
	default:
		return GFP_KERNEL & ~__GFP_RECLAIM;
	}
}

int helper_now_add(struct helper_now *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(helper_now_mask(pool) | __GFP_NOWARN);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int helper_now_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct helper_now *pool = container_of(nb, struct helper_now, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct helper_now.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int helper_now_start(struct helper_now *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = helper_now_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
