// SPDX-License-Identifier: MIT
/*
 * The lock is taken through a pointer to it and released by its full name.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct aliased {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

unsigned long aliased_page(struct aliased *pool)
{
	struct mutex *lock = &pool->lock;

	mutex_lock(lock);
	pool->nr_spare = 0;
	mutex_unlock(&pool->lock);
	return __get_free_page(GFP_KERNEL);
}

unsigned long aliased_locked_page(struct aliased *pool)
{
	struct aliased *same = pool;
	unsigned long addr;

	mutex_lock(&same->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct aliased.lock */
	mutex_unlock(&pool->lock);
	return addr;
}

static int aliased_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct aliased *pool = container_of(nb, struct aliased, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct aliased.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int aliased_start(struct aliased *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = aliased_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
