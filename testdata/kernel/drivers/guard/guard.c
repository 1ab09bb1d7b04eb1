// SPDX-License-Identifier: MIT
/*
 * guard(mutex) holds until the end of the scope, whichever way it is left.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct guarded {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int guarded_add(struct guarded *pool)
{
	unsigned long addr;

	guard(mutex)(&pool->lock);	/* want-taken: struct guarded.lock */

	if (pool->nr_spare == ARRAY_SIZE(pool->spare))
		return -ENOSPC;
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct guarded.lock */
	if (!addr)
		return -ENOMEM;
	pool->spare[pool->nr_spare++] = addr;
	return 0;
}

static int guarded_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct guarded *pool = container_of(nb, struct guarded, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct guarded.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int guarded_start(struct guarded *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = guarded_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
