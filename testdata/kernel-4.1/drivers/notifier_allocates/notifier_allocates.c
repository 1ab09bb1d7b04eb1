// SPDX-License-Identifier: MIT
/*
 * Allocation inside the notifier.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct chatty {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int chatty_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	void *note = kmalloc(16, GFP_NOIO);	/* want GFP002 */

	kfree(note);
	return NOTIFY_OK;
}

int chatty_start(struct chatty *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = chatty_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
