// SPDX-License-Identifier: MIT
/*
 * The callback waits for a node's inner lock only once it has got the outer one, which it tries. Who fills a node
 * gets it from callers, all of which hold the outer lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct gate_callers {
	struct mutex outer;
	struct mutex inner;
	struct list_head list;
	void *data;
};

struct gate_callers_pool {
	struct list_head nodes;
	struct gate_callers *first;
	struct notifier_block oom_nb;
};

static int gate_callers_fill(struct gate_callers *node)
{
	mutex_lock(&node->inner);
	node->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&node->inner);
	return node->data ? 0 : -ENOMEM;
}

int gate_callers_first(struct gate_callers_pool *pool)
{
	struct gate_callers *node = pool->first;
	int ret;

	mutex_lock(&node->outer);
	ret = gate_callers_fill(node);
	mutex_unlock(&node->outer);
	return ret;
}

static int gate_callers_pass(struct gate_callers *node)
{
	return node->data ? 0 : gate_callers_fill(node);
}

int gate_callers_all(struct gate_callers_pool *pool)
{
	struct gate_callers *node;
	int ret = 0;

	list_for_each_entry(node, &pool->nodes, list) {
		mutex_lock(&node->outer);
		ret |= gate_callers_pass(node);
		mutex_unlock(&node->outer);
	}
	return ret;
}

static int gate_callers_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct gate_callers_pool *pool = container_of(nb, struct gate_callers_pool, oom_nb);
	struct gate_callers *node;

	list_for_each_entry(node, &pool->nodes, list) {
		if (!mutex_trylock(&node->outer))
			continue;
		mutex_lock(&node->inner);	/* want-callback: struct gate_callers.inner */
		kfree(node->data);
		node->data = NULL;
		mutex_unlock(&node->inner);
		mutex_unlock(&node->outer);
	}
	return NOTIFY_OK;
}

int gate_callers_start(struct gate_callers_pool *pool)
{
	INIT_LIST_HEAD(&pool->nodes);
	pool->oom_nb.notifier_call = gate_callers_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
