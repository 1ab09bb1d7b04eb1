// SPDX-License-Identifier: MIT
/*
 * The notifier allocates inside memalloc_noreclaim_save().
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct careful {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int careful_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct careful *pool = container_of(nb, struct careful, oom_nb);
	unsigned long *freed = data;
	unsigned int cookie = memalloc_noreclaim_save();
	char *text = kmalloc(128, GFP_KERNEL);

	memalloc_noreclaim_restore(cookie);
	kfree(text);
	*freed += pool->nr_spare;
	return NOTIFY_OK;
}

int careful_start(struct careful *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = careful_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
