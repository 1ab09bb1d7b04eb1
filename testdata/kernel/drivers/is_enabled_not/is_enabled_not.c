// SPDX-License-Identifier: MIT
/*
 * The arm that IS_ENABLED() rules out doesn't count, and neither does what #ifndef removes.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct disabled_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int disabled_pool_add(struct disabled_pool *pool)
{
	unsigned long addr = 0;

	mutex_lock(&pool->lock);
	if (!IS_ENABLED(CONFIG_SLOW_PROBE))
		addr = __get_free_page(GFP_KERNEL);
#ifndef CONFIG_SLOW_PROBE
	if (!addr)
		addr = get_zeroed_page(GFP_KERNEL);
#endif
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int disabled_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct disabled_pool *pool = container_of(nb, struct disabled_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct disabled_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int disabled_pool_start(struct disabled_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = disabled_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
