// SPDX-License-Identifier: MIT
/*
 * The notifier waits for the inner lock of what it could take the outer lock of. Who holds both is not waited for,
 * who holds the inner lock alone is.
 */
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct outer_tried {
	struct mutex outer;
	struct mutex inner;
	void *data;
	struct notifier_block oom_nb;
};

static struct outer_tried *outer_tried_first;

static int outer_tried_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct outer_tried *node = container_of(nb, struct outer_tried, oom_nb);

	if (!mutex_trylock(&node->outer))
		return NOTIFY_DONE;
	mutex_lock(&node->inner);	/* want-callback: struct outer_tried.inner */
	kfree(node->data);
	node->data = NULL;
	mutex_unlock(&node->inner);
	mutex_unlock(&node->outer);
	return NOTIFY_OK;
}

int outer_tried_fill_both(struct outer_tried *node)
{
	mutex_lock(&node->outer);
	mutex_lock(&node->inner);
	node->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&node->inner);
	mutex_unlock(&node->outer);
	return node->data ? 0 : -ENOMEM;
}

static void *outer_tried_allocate(struct outer_tried *node)
{
	lockdep_assert_held(&node->outer);
	return kmalloc(64, GFP_KERNEL);
}

int outer_tried_fill_asserted(struct outer_tried *node)
{
	mutex_lock(&node->inner);
	node->data = outer_tried_allocate(node);
	mutex_unlock(&node->inner);
	return node->data ? 0 : -ENOMEM;
}

int outer_tried_fill(void)
{
	struct outer_tried *node = outer_tried_first;

	mutex_lock(&node->inner);
	node->data = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct outer_tried.inner */
	mutex_unlock(&node->inner);
	return node->data ? 0 : -ENOMEM;
}

/* Whoever calls this may hold the outer lock: it isn't reported by default. */
int outer_tried_fill_given(struct outer_tried *node)
{
	mutex_lock(&node->inner);
	node->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&node->inner);
	return node->data ? 0 : -ENOMEM;
}

int outer_tried_start(struct outer_tried *node)
{
	outer_tried_first = node;
	mutex_init(&node->outer);
	mutex_init(&node->inner);
	node->oom_nb.notifier_call = outer_tried_oom_notify;
	return register_oom_notifier(&node->oom_nb);
}

MODULE_LICENSE("MIT");
