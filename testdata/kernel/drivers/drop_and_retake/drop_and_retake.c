// SPDX-License-Identifier: MIT
/*
 * The lock is dropped around the allocation.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct dropped {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int dropped_add(struct dropped *pool)
{
	unsigned long addr;
	int err = 0;

	mutex_lock(&pool->lock);
	if (pool->nr_spare == ARRAY_SIZE(pool->spare)) {
		err = -ENOSPC;
		goto out;
	}
	mutex_unlock(&pool->lock);

	addr = __get_free_page(GFP_KERNEL);

	mutex_lock(&pool->lock);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	else
		err = -ENOMEM;
out:
	mutex_unlock(&pool->lock);
	return err;
}

static int dropped_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct dropped *pool = container_of(nb, struct dropped, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct dropped.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int dropped_start(struct dropped *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = dropped_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
