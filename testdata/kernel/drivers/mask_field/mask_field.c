// SPDX-License-Identifier: MIT
/*
 * The mask is kept in the structure and only ever set to GFP_KERNEL.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct field_mask {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	gfp_t gfp_mask;
};

int field_mask_add(struct field_mask *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(pool->gfp_mask);	/* want GFP001: struct field_mask.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int field_mask_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct field_mask *pool = container_of(nb, struct field_mask, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct field_mask.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int field_mask_start(struct field_mask *pool)
{
	mutex_init(&pool->lock);
	pool->gfp_mask = GFP_KERNEL;
	pool->oom_nb.notifier_call = field_mask_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
