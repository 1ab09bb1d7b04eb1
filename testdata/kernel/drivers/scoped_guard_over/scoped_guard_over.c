// SPDX-License-Identifier: MIT
/*
 * Everything that allocates stands before or after the guarded statement.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct scope_free {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int scope_free_add(struct scope_free *pool)
{
	unsigned long addr = __get_free_page(GFP_KERNEL);
	void *table;

	if (!addr)
		return -ENOMEM;
	scoped_guard(mutex, &pool->lock)
		pool->spare[pool->nr_spare++] = addr;
	table = kzalloc(64, GFP_KERNEL);
	kfree(table);
	return 0;
}

static int scope_free_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct scope_free *pool = container_of(nb, struct scope_free, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct scope_free.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int scope_free_start(struct scope_free *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = scope_free_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
