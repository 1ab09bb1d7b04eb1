// SPDX-License-Identifier: MIT
/*
 * The helper gets GFP_KERNEL from a caller that holds nothing and GFP_NOWAIT from the one that
 * holds the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct mask_param_atomic {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int mask_param_atomic_fill(struct mask_param_atomic *pool, gfp_t gfp)
{
	unsigned long addr = __get_free_page(gfp | __GFP_NOWARN);

	if (!addr)
		return -ENOMEM;
	pool->spare[pool->nr_spare++] = addr;
	return 0;
}

int mask_param_atomic_prefill(struct mask_param_atomic *pool)
{
	return mask_param_atomic_fill(pool, GFP_KERNEL);
}

int mask_param_atomic_add(struct mask_param_atomic *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = mask_param_atomic_fill(pool, GFP_NOWAIT);
	mutex_unlock(&pool->lock);
	return err;
}

static int mask_param_atomic_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct mask_param_atomic *pool = container_of(nb, struct mask_param_atomic, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct mask_param_atomic.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int mask_param_atomic_start(struct mask_param_atomic *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = mask_param_atomic_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
