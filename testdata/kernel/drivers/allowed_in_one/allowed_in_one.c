// SPDX-License-Identifier: MIT
/*
 * Comments that don't allow what they seem to: two functions reach one allocation with the lock held, and
 * only one of them is allowed to; a comment behind another statement, for another rule, without a reason,
 * in a string.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct one {
	struct mutex lock;
	const char *name;
	void *buffer;
	struct notifier_block nb;
};

static void get(struct one *o)
{
	o->buffer = kmalloc(64, GFP_KERNEL);
}

/* gfplint: allow GFP001: runs before the notifier is registered */
static void early(struct one *o)
{
	mutex_lock(&o->lock);
	get(o);
	mutex_unlock(&o->lock);
}

void late(struct one *o)
{
	mutex_lock(&o->lock);
	get(o);	/* want GFP001: struct one.lock */
	mutex_unlock(&o->lock);
}

void beside(struct one *o)
{
	mutex_lock(&o->lock);
	o->buffer = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct one.lock */
	kfree(o->buffer);	/* gfplint: allow GFP001: this is about freeing */
	mutex_unlock(&o->lock);
}

/* gfplint: allow GFP002: another rule */
void another_rule(struct one *o)
{
	mutex_lock(&o->lock);
	o->buffer = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct one.lock */
	mutex_unlock(&o->lock);
}

/* gfplint: allow GFP001 */
void no_reason(struct one *o)
{
	mutex_lock(&o->lock);
	o->buffer = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct one.lock */
	mutex_unlock(&o->lock);
}

void in_a_string(struct one *o)
{
	mutex_lock(&o->lock);
	o->name = "/* gfplint: allow GFP001: no comment */", o->buffer = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct one.lock */
	mutex_unlock(&o->lock);
}

static int one_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct one *o = container_of(nb, struct one, nb);

	mutex_lock(&o->lock);	/* want-callback: struct one.lock */
	kfree(o->buffer);
	o->buffer = NULL;
	mutex_unlock(&o->lock);
	return NOTIFY_OK;
}

int one_start(struct one *o)
{
	o->nb.notifier_call = one_notify;
	early(o);
	return register_oom_notifier(&o->nb);
}

MODULE_LICENSE("MIT");
