// SPDX-License-Identifier: MIT
/*
 * Every allocation here would be reported, and each is allowed by a comment in another place: on the line
 * of the call, on the line before, behind the acquisition, and for a whole function.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct allowed {
	struct mutex lock;
	void *buffer;
	struct notifier_block nb;
};

static int on_the_line(struct allowed *a)
{
	mutex_lock(&a->lock);
	a->buffer = kmalloc(64, GFP_KERNEL);	/* gfplint: allow GFP001: runs before the notifier is registered */
	mutex_unlock(&a->lock);
	return a->buffer ? 0 : -ENOMEM;
}

static int behind_a_long_statement(struct allowed *a)
{
	mutex_lock(&a->lock);
	a->buffer = kmalloc(64,
			    GFP_KERNEL); // gfplint: allow GFP001: runs before the notifier is registered
	mutex_unlock(&a->lock);
	return a->buffer ? 0 : -ENOMEM;
}

static int on_the_line_before(struct allowed *a)
{
	mutex_lock(&a->lock);
	/*
	 * gfplint: allow reclaim-under-oom-lock: runs before the
	 * notifier is registered
	 */
	a->buffer =
		kmalloc(64, GFP_KERNEL);
	mutex_unlock(&a->lock);
	return a->buffer ? 0 : -ENOMEM;
}

static int at_the_acquisition(struct allowed *a)
{
	mutex_lock(&a->lock);	/* gfplint: allow GFP001, GFP002: runs before the notifier is registered */
	a->buffer = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&a->lock);
	return a->buffer ? 0 : -ENOMEM;
}

/**
 * whole_function() - allocates under the lock
 * @a: where to
 *
 * gfplint: allow GFP001: runs before the notifier is registered
 */
static int whole_function(struct allowed *a)
{
	mutex_lock(&a->lock);
	a->buffer = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&a->lock);
	return a->buffer ? 0 : -ENOMEM;
}

static int
on_the_definition(struct allowed *a) /* gfplint: allow GFP001: runs before the notifier is registered */
{
	mutex_lock(&a->lock);
	a->buffer = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&a->lock);
	return a->buffer ? 0 : -ENOMEM;
}

static int allowed_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct allowed *a = container_of(nb, struct allowed, nb);

	mutex_lock(&a->lock);	/* want-callback: struct allowed.lock */
	kfree(a->buffer);
	a->buffer = NULL;
	mutex_unlock(&a->lock);
	return NOTIFY_OK;
}

int allowed_start(struct allowed *a)
{
	a->nb.notifier_call = allowed_notify;
	if (on_the_line(a) || behind_a_long_statement(a) || on_the_line_before(a))
		return -ENOMEM;
	if (at_the_acquisition(a) || whole_function(a) || on_the_definition(a))
		return -ENOMEM;
	return register_oom_notifier(&a->nb);
}

MODULE_LICENSE("MIT");
