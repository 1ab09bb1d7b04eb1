// SPDX-License-Identifier: MIT
/*
 * An argument says whether to lock, and one caller says yes.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct once_locked {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static unsigned long once_locked_page(struct once_locked *pool, bool take_lock)
{
	unsigned long addr;

	if (take_lock)
		mutex_lock(&pool->lock);
	addr = pool->nr_spare ? pool->spare[--pool->nr_spare] : __get_free_page(GFP_KERNEL);	/* want GFP001: struct once_locked.lock */
	if (take_lock)
		mutex_unlock(&pool->lock);
	return addr;
}

unsigned long once_locked_first(struct once_locked *pool)
{
	return once_locked_page(pool, false);
}

unsigned long once_locked_second(struct once_locked *pool)
{
	return once_locked_page(pool, true);
}

static int once_locked_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct once_locked *pool = container_of(nb, struct once_locked, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct once_locked.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int once_locked_start(struct once_locked *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = once_locked_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
