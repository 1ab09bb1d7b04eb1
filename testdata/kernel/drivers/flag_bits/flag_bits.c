// SPDX-License-Identifier: MIT
/*
 * The bit that asks for the allocation is set.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct flag_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define FLAG_POOL_GROW BIT(0)
#define FLAG_POOL_TRIM BIT(1)
#define FLAG_POOL_FORCE BIT(2)

static int flag_pool_update(struct flag_pool *pool, unsigned int flags)
{
	unsigned long addr;

	if (flags & FLAG_POOL_TRIM)
		pool->nr_spare = 0;
	if (!(flags & FLAG_POOL_GROW))
		return 0;

	addr = __get_free_page(GFP_KERNEL);
	if (!addr)
		return -ENOMEM;
	pool->spare[pool->nr_spare++] = addr;
	return 0;
}

int flag_pool_refresh(struct flag_pool *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = flag_pool_update(pool, FLAG_POOL_TRIM | FLAG_POOL_GROW);	/* want GFP001: struct flag_pool.lock */
	mutex_unlock(&pool->lock);
	return err;
}

static int flag_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct flag_pool *pool = container_of(nb, struct flag_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct flag_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int flag_pool_start(struct flag_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = flag_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
