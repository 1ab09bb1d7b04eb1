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

struct lone_chatty {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int lone_chatty_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	void *note = kzalloc(16, GFP_KERNEL);	/* want GFP002 */

	kfree(note);
	return NOTIFY_OK;
}

int lone_chatty_start(struct lone_chatty *vb)
{
	mutex_init(&vb->lock);
	vb->oom_nb.notifier_call = lone_chatty_oom_notify;
	return register_oom_notifier(&vb->oom_nb);
}

MODULE_LICENSE("MIT");
