// SPDX-License-Identifier: MIT
/*
 * The shrinker waits for the write lock only of a node whose I/O lock it could have: whoever allocates under that
 * I/O lock can't be waited for in a circle. Under the log's lock, which the shrinker doesn't try, it can.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct chain_node {
	struct mutex write_lock;
	struct mutex io_lock;
	struct mutex log_lock;
	void *data;
};

void chain_tried_write(struct chain_node *node)
{
	mutex_lock(&node->write_lock);
	mutex_lock(&node->io_lock);
	mutex_unlock(&node->io_lock);
	mutex_lock(&node->log_lock);
	mutex_unlock(&node->log_lock);
	mutex_unlock(&node->write_lock);
}

int chain_tried_io(struct chain_node *node)
{
	mutex_lock(&node->io_lock);
	node->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&node->io_lock);
	return node->data ? 0 : -ENOMEM;
}

int chain_tried_log(struct chain_node *node)
{
	mutex_lock(&node->log_lock);
	node->data = kmalloc(64, GFP_KERNEL);	/* want GFP005: struct chain_node.log_lock */
	mutex_unlock(&node->log_lock);
	return node->data ? 0 : -ENOMEM;
}

static unsigned long chain_tried_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct chain_node *node = shrinker->private_data;

	if (!mutex_trylock(&node->io_lock))
		return SHRINK_STOP;
	mutex_unlock(&node->io_lock);
	mutex_lock(&node->write_lock);	/* want-callback: struct chain_node.write_lock */
	kfree(node->data);
	node->data = NULL;
	mutex_unlock(&node->write_lock);
	return 1;
}

int chain_tried_add(struct chain_node *node)
{
	struct shrinker *shrinker = shrinker_alloc(0, "chain");

	if (!shrinker)
		return -ENOMEM;
	shrinker->scan_objects = chain_tried_scan;
	shrinker->private_data = node;
	shrinker_register(shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
