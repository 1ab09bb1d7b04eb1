// SPDX-License-Identifier: MIT
/*
 * The notifier waits for a lock that it has just tried with success: its own thread doesn't hold it. For the outer
 * lock, of which it tried another one, it waits as ever.
 */
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct tried_before {
	struct mutex outer;
	struct mutex inner;
	void *data;
	struct notifier_block oom_nb;
};

static int tried_before_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct tried_before *node = container_of(nb, struct tried_before, oom_nb);

	if (!mutex_trylock(&node->inner))
		return NOTIFY_DONE;
	mutex_unlock(&node->inner);
	mutex_lock(&node->outer);	/* want-callback: struct tried_before.outer */
	mutex_unlock(&node->outer);
	mutex_lock(&node->inner);
	kfree(node->data);
	node->data = NULL;
	mutex_unlock(&node->inner);
	return NOTIFY_OK;
}

int tried_before_fill_inner(struct tried_before *node)
{
	mutex_lock(&node->inner);
	node->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&node->inner);
	return node->data ? 0 : -ENOMEM;
}

int tried_before_fill_outer(struct tried_before *node)
{
	mutex_lock(&node->outer);
	node->data = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct tried_before.outer */
	mutex_unlock(&node->outer);
	return node->data ? 0 : -ENOMEM;
}

int tried_before_start(struct tried_before *node)
{
	mutex_init(&node->outer);
	mutex_init(&node->inner);
	node->oom_nb.notifier_call = tried_before_oom_notify;
	return register_oom_notifier(&node->oom_nb);
}

MODULE_LICENSE("MIT");
