// SPDX-License-Identifier: MIT
/*
 * The notifier allocates, but never with direct reclaim.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct modest {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int modest_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct modest *pool = container_of(nb, struct modest, oom_nb);
	unsigned long *freed = data;
	char *text = kmalloc(128, GFP_NOWAIT);
	void *more = kzalloc(16, GFP_KERNEL & ~__GFP_DIRECT_RECLAIM);

	kfree(text);
	kfree(more);
	*freed += pool->nr_spare;
	return NOTIFY_OK;
}

int modest_start(struct modest *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = modest_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
