// SPDX-License-Identifier: MIT
/*
 * The mask is a parameter: undecided in the function that allocates, GFP_KERNEL once the caller is
 * known. The second caller under the lock passes GFP_ATOMIC, which is fine.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct mask_param {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int mask_param_fill(struct mask_param *pool, gfp_t gfp)
{
	unsigned long addr = __get_free_page(gfp | __GFP_NOWARN);

	if (!addr)
		return -ENOMEM;
	pool->spare[pool->nr_spare++] = addr;
	return 0;
}

int mask_param_add(struct mask_param *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = mask_param_fill(pool, GFP_KERNEL);	/* want GFP001: struct mask_param.lock; bits __GFP_NOWARN __GFP_FS */
	mutex_unlock(&pool->lock);
	return err;
}

int mask_param_add_now(struct mask_param *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = mask_param_fill(pool, GFP_ATOMIC);
	mutex_unlock(&pool->lock);
	return err;
}

static int mask_param_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct mask_param *pool = container_of(nb, struct mask_param, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct mask_param.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int mask_param_start(struct mask_param *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = mask_param_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
