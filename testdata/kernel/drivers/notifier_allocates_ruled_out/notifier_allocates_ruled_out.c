// SPDX-License-Identifier: MIT
/*
 * The helper allocates only for a caller that says that it may wait, and the notifier says no.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct waitless {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void waitless_drop(struct waitless *pool, bool may_wait)
{
	void *note = NULL;

	if (may_wait)
		note = kmalloc(32, GFP_KERNEL);
	pool->nr_spare = 0;
	kfree(note);
}

void waitless_drop_all(struct waitless *pool)
{
	waitless_drop(pool, true);
}

static int waitless_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct waitless *pool = container_of(nb, struct waitless, oom_nb);
	unsigned long *freed = data;
	waitless_drop(pool, false);
	*freed += pool->nr_spare;
	return NOTIFY_OK;
}

int waitless_start(struct waitless *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = waitless_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
