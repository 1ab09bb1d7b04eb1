// SPDX-License-Identifier: MIT
/*
 * IS_ENABLED() of an option: with no configuration given, every option is on.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct enabled_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int enabled_pool_add(struct enabled_pool *pool)
{
	unsigned long addr = 0;

	mutex_lock(&pool->lock);
	if (IS_ENABLED(CONFIG_SLOW_PROBE))
		addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct enabled_pool.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int enabled_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct enabled_pool *pool = container_of(nb, struct enabled_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct enabled_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int enabled_pool_start(struct enabled_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = enabled_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
