// SPDX-License-Identifier: MIT
/*
 * As gate_callers, but one of the callers, which finds the node in a list, doesn't hold the outer lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct gate_one_caller {
	struct mutex outer;
	struct mutex inner;
	struct list_head list;
	void *data;
};

struct gate_one_caller_pool {
	struct list_head nodes;
	struct gate_one_caller *first;
	struct notifier_block oom_nb;
};

static int gate_one_caller_fill(struct gate_one_caller *node)
{
	mutex_lock(&node->inner);
	node->data = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct gate_one_caller.inner; confidence high */
	mutex_unlock(&node->inner);
	return node->data ? 0 : -ENOMEM;
}

int gate_one_caller_first(struct gate_one_caller_pool *pool)
{
	struct gate_one_caller *node = pool->first;
	int ret;

	mutex_lock(&node->outer);
	ret = gate_one_caller_fill(node);
	mutex_unlock(&node->outer);
	return ret;
}

static int gate_one_caller_pass(struct gate_one_caller *node)
{
	return node->data ? 0 : gate_one_caller_fill(node);
}

int gate_one_caller_all(struct gate_one_caller_pool *pool)
{
	struct gate_one_caller *node;
	int ret = 0;

	list_for_each_entry(node, &pool->nodes, list)
		ret |= gate_one_caller_pass(node);
	return ret;
}

static int gate_one_caller_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct gate_one_caller_pool *pool = container_of(nb, struct gate_one_caller_pool, oom_nb);
	struct gate_one_caller *node;

	list_for_each_entry(node, &pool->nodes, list) {
		if (!mutex_trylock(&node->outer))
			continue;
		mutex_lock(&node->inner);	/* want-callback: struct gate_one_caller.inner */
		kfree(node->data);
		node->data = NULL;
		mutex_unlock(&node->inner);
		mutex_unlock(&node->outer);
	}
	return NOTIFY_OK;
}

int gate_one_caller_start(struct gate_one_caller_pool *pool)
{
	INIT_LIST_HEAD(&pool->nodes);
	pool->oom_nb.notifier_call = gate_one_caller_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
