// SPDX-License-Identifier: MIT
/*
 * The guard's scope is a block, and the allocation comes after it.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct guard_over {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int guard_over_add(struct guard_over *pool)
{
	void *table;

	if (pool->nr_spare) {
		guard(mutex)(&pool->lock);

		if (pool->nr_spare == ARRAY_SIZE(pool->spare))
			goto full;
		pool->nr_spare = 0;
	}
	table = kzalloc(64, GFP_KERNEL);
	kfree(table);
	return 0;
full:
	table = kzalloc(128, GFP_KERNEL);
	kfree(table);
	return -ENOSPC;
}

static int guard_over_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct guard_over *pool = container_of(nb, struct guard_over, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct guard_over.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int guard_over_start(struct guard_over *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = guard_over_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
