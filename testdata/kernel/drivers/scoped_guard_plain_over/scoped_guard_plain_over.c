// SPDX-License-Identifier: MIT
/*
 * The region is one statement without braces, and the allocation comes right behind it.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct plain_over {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int plain_over_add(struct plain_over *pool)
{
	unsigned long addr = 0;

	scoped_guard(mutex, &pool->lock)
		if (pool->nr_spare == ARRAY_SIZE(pool->spare))
			return -ENOSPC;
	addr = __get_free_page(GFP_KERNEL);
	scoped_guard(mutex, &pool->lock)
		pool->spare[pool->nr_spare++] = addr;
	return 0;
}

static int plain_over_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct plain_over *pool = container_of(nb, struct plain_over, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct plain_over.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int plain_over_start(struct plain_over *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = plain_over_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
