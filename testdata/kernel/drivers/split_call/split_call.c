// SPDX-License-Identifier: MIT
/*
 * The call stretches over several lines; its place is where it starts.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct stretched {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int stretched_add(struct stretched *pool)
{
	mutex_lock(&pool->lock);
	pool->spare[0] =
		__get_free_pages(	/* want GFP001: struct stretched.lock; at __get_free_pages */
			GFP_KERNEL |
			__GFP_ZERO,
			pool->nr_spare ? 1 : 0);
	mutex_unlock(&pool->lock);
	return 0;
}

static int stretched_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct stretched *pool = container_of(nb, struct stretched, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct stretched.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int stretched_start(struct stretched *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = stretched_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
