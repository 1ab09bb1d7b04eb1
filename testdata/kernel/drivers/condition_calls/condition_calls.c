// SPDX-License-Identifier: MIT
/*
 * Calls inside conditions: behind &&, in a negation, in the head of a for.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct conditions {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static bool conditions_ready(struct conditions *pool)
{
	mutex_lock(&pool->lock);
	if (pool->nr_spare < ARRAY_SIZE(pool->spare))
		return true;
	mutex_unlock(&pool->lock);
	return false;
}

int conditions_add(struct conditions *pool)
{
	void *first = NULL;

	if (!pool->nr_spare && !(first = kzalloc(64, GFP_KERNEL)))
		return -ENOMEM;
	if (conditions_ready(pool) && (first = krealloc(first, 128, GFP_KERNEL))) {	/* want GFP001: struct conditions.lock; at krealloc */
		pool->nr_spare = 0;
		mutex_unlock(&pool->lock);
		first = krealloc(first, 256, GFP_KERNEL);
	}
	kfree(first);
	return 0;
}

static int conditions_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct conditions *pool = container_of(nb, struct conditions, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct conditions.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int conditions_start(struct conditions *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = conditions_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
