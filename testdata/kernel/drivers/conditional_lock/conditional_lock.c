// SPDX-License-Identifier: MIT
/*
 * The lock is taken and released under the same condition; the allocation comes after.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct maybe_locked {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

unsigned long maybe_locked_page(struct maybe_locked *pool, bool locked)
{
	if (!locked)
		mutex_lock(&pool->lock);
	pool->nr_spare = 0;
	if (!locked)
		mutex_unlock(&pool->lock);
	return locked ? 0 : __get_free_page(GFP_KERNEL);
}

static int maybe_locked_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct maybe_locked *pool = container_of(nb, struct maybe_locked, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct maybe_locked.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int maybe_locked_start(struct maybe_locked *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = maybe_locked_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
