// SPDX-License-Identifier: MIT
/*
 * A conditional whose condition nobody knows: it may be GFP_KERNEL.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct either_mask {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int either_mask_add(struct either_mask *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(pool->nr_spare ? GFP_NOWAIT : GFP_KERNEL);	/* want GFP001: struct either_mask.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int either_mask_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct either_mask *pool = container_of(nb, struct either_mask, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct either_mask.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int either_mask_start(struct either_mask *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = either_mask_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
