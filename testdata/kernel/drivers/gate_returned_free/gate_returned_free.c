// SPDX-License-Identifier: MIT
/*
 * As gate_returned, but the function that finds the node doesn't take its outer lock.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct gate_returned_free {
	struct mutex outer;
	struct mutex inner;
	struct list_head list;
	void *data;
};

struct gate_returned_free_pool {
	struct list_head nodes;
	struct gate_returned_free *first;
	struct notifier_block oom_nb;
};

static struct gate_returned_free *gate_returned_free_find(struct gate_returned_free_pool *pool)
{
	struct gate_returned_free *node;

	list_for_each_entry(node, &pool->nodes, list)
		if (!node->data)
			return node;
	return ERR_PTR(-ENOENT);
}

static struct gate_returned_free *gate_returned_free_get(struct gate_returned_free_pool *pool)
{
	struct gate_returned_free *node = gate_returned_free_find(pool);

	if (IS_ERR(node))
		return node;
	node->data = NULL;
	return node;
}

int gate_returned_free_fill(struct gate_returned_free_pool *pool)
{
	struct gate_returned_free *node = gate_returned_free_get(pool);

	if (IS_ERR(node))
		return PTR_ERR(node);
	mutex_lock(&node->inner);
	node->data = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct gate_returned_free.inner; confidence high */
	mutex_unlock(&node->inner);
	return 0;
}

static int gate_returned_free_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct gate_returned_free_pool *pool = container_of(nb, struct gate_returned_free_pool, oom_nb);
	struct gate_returned_free *node;

	list_for_each_entry(node, &pool->nodes, list) {
		if (!mutex_trylock(&node->outer))
			continue;
		mutex_lock(&node->inner);	/* want-callback: struct gate_returned_free.inner */
		kfree(node->data);
		node->data = NULL;
		mutex_unlock(&node->inner);
		mutex_unlock(&node->outer);
	}
	return NOTIFY_OK;
}

int gate_returned_free_start(struct gate_returned_free_pool *pool)
{
	INIT_LIST_HEAD(&pool->nodes);
	pool->oom_nb.notifier_call = gate_returned_free_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
