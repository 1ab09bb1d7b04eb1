// SPDX-License-Identifier: MIT
/*
 * GFP_KERNEL or GFP_ATOMIC by a boolean argument, which is a constant at each call.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct bool_true {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void *bool_true_entry(struct bool_true *pool, bool may_sleep)
{
	gfp_t gfp = may_sleep ? GFP_KERNEL : GFP_ATOMIC;

	return kzalloc(64, gfp);
}

void *bool_true_get(struct bool_true *pool)
{
	void *entry;

	mutex_lock(&pool->lock);
	entry = bool_true_entry(pool, true);	/* want GFP001: struct bool_true.lock */
	mutex_unlock(&pool->lock);
	return entry;
}

static int bool_true_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct bool_true *pool = container_of(nb, struct bool_true, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct bool_true.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int bool_true_start(struct bool_true *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = bool_true_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
