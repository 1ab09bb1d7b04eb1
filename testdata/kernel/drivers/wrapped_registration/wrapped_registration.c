// SPDX-License-Identifier: MIT
/*
 * The driver registers through a function of its own that gets the block and the callback as
 * arguments.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct armed {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int armed_arm(struct notifier_block *nb, notifier_fn_t callback)
{
	nb->notifier_call = callback;
	nb->priority = 1;
	return register_oom_notifier(nb);
}

int armed_add(struct armed *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct armed.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int armed_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct armed *pool = container_of(nb, struct armed, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct armed.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int armed_start(struct armed *pool)
{
	mutex_init(&pool->lock);
	return armed_arm(&pool->oom_nb, armed_oom_notify);
}

MODULE_LICENSE("MIT");
