// SPDX-License-Identifier: MIT
/*
 * The driver has functions for its lock, which return with it held and released.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct wrapped {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void wrapped_lock(struct wrapped *pool)
{
	might_sleep();
	mutex_lock(&pool->lock);	/* want-taken: struct wrapped.lock */
}

static void wrapped_unlock(struct wrapped *pool)
{
	mutex_unlock(&pool->lock);
}

int wrapped_add(struct wrapped *pool)
{
	unsigned long addr;

	wrapped_lock(pool);	/* want-taken: struct wrapped.lock */
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct wrapped.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	wrapped_unlock(pool);
	return addr ? 0 : -ENOMEM;
}

unsigned long wrapped_page(struct wrapped *pool)
{
	wrapped_lock(pool);
	pool->nr_spare = 0;
	wrapped_unlock(pool);
	return __get_free_page(GFP_KERNEL);
}

static int wrapped_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct wrapped *pool = container_of(nb, struct wrapped, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct wrapped.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int wrapped_start(struct wrapped *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = wrapped_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
