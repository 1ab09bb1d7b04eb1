// SPDX-License-Identifier: MIT
/*
 * The shrinker only tries the outer lock of a node, and lets go of it before it waits for the inner one. A thread
 * that holds both when it allocates makes it give up; one that holds the inner lock alone doesn't.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct tried_node {
	struct mutex outer;
	struct mutex inner;
	void *data;
};

struct tried_device {
	struct tried_node *node;
};

int tried_write(struct tried_node *node)
{
	mutex_lock(&node->outer);
	mutex_lock(&node->inner);
	node->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&node->inner);
	mutex_unlock(&node->outer);
	return node->data ? 0 : -ENOMEM;
}

int tried_touch(struct tried_device *device)
{
	struct tried_node *node = device->node;

	mutex_lock(&node->inner);
	node->data = kmalloc(64, GFP_KERNEL);	/* want GFP003: struct tried_node.inner */
	mutex_unlock(&node->inner);
	return node->data ? 0 : -ENOMEM;
}

static bool tried_busy(struct tried_node *node)
{
	if (!mutex_trylock(&node->outer))
		return true;
	mutex_unlock(&node->outer);
	return false;
}

static unsigned long tried_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct tried_node *node = shrinker->private_data;

	if (!mutex_trylock(&node->outer))
		return SHRINK_STOP;
	mutex_unlock(&node->outer);
	mutex_lock(&node->inner);	/* want-callback: struct tried_node.inner */
	kfree(node->data);
	node->data = NULL;
	mutex_unlock(&node->inner);
	return tried_busy(node) ? SHRINK_STOP : 1;
}

int tried_add(struct tried_node *node)
{
	struct shrinker *shrinker = shrinker_alloc(0, "tried");

	if (!shrinker)
		return -ENOMEM;
	shrinker->scan_objects = tried_scan;
	shrinker->private_data = node;
	shrinker_register(shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
