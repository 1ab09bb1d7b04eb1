// SPDX-License-Identifier: MIT
/*
 * The same as macros, one of them of several statements.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct macro_locked {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define POOL_LOCK(p)				\
	do {					\
		might_sleep();			\
		mutex_lock(&(p)->lock);		\
	} while (0)
#define POOL_UNLOCK(p) mutex_unlock(&(p)->lock)

int macro_locked_add(struct macro_locked *pool)
{
	unsigned long addr;

	POOL_LOCK(pool);	/* want-taken: struct macro_locked.lock */
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct macro_locked.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	POOL_UNLOCK(pool);
	return addr ? 0 : -ENOMEM;
}

unsigned long macro_locked_page(struct macro_locked *pool)
{
	POOL_LOCK(pool);
	pool->nr_spare = 0;
	POOL_UNLOCK(pool);
	return __get_free_page(GFP_KERNEL);
}

static int macro_locked_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct macro_locked *pool = container_of(nb, struct macro_locked, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct macro_locked.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int macro_locked_start(struct macro_locked *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = macro_locked_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
