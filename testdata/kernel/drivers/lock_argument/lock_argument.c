// SPDX-License-Identifier: MIT
/*
 * An argument says whether to lock, and every caller says no.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct never_locked {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static unsigned long never_locked_page(struct never_locked *pool, bool take_lock)
{
	unsigned long addr;

	if (take_lock)
		mutex_lock(&pool->lock);
	addr = pool->nr_spare ? pool->spare[--pool->nr_spare] : __get_free_page(GFP_KERNEL);
	if (take_lock)
		mutex_unlock(&pool->lock);
	return addr;
}

unsigned long never_locked_first(struct never_locked *pool)
{
	return never_locked_page(pool, false);
}

unsigned long never_locked_second(struct never_locked *pool)
{
	return never_locked_page(pool, false);
}

static int never_locked_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct never_locked *pool = container_of(nb, struct never_locked, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct never_locked.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int never_locked_start(struct never_locked *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = never_locked_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
