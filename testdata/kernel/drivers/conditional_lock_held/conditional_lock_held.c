// SPDX-License-Identifier: MIT
/*
 * The allocation is between the conditional lock and the conditional unlock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct surely_locked {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

unsigned long surely_locked_page(struct surely_locked *pool, bool locked)
{
	unsigned long addr;

	if (!locked)
		mutex_lock(&pool->lock);	/* want-taken: struct surely_locked.lock */
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct surely_locked.lock */
	if (!locked)
		mutex_unlock(&pool->lock);
	return addr;
}

static int surely_locked_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct surely_locked *pool = container_of(nb, struct surely_locked, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct surely_locked.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int surely_locked_start(struct surely_locked *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = surely_locked_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
