// SPDX-License-Identifier: MIT
/*
 * The bits are known and the one that asks for the allocation isn't among them.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct clear_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define CLEAR_POOL_GROW BIT(0)
#define CLEAR_POOL_TRIM BIT(1)
#define CLEAR_POOL_FORCE BIT(2)

static int clear_pool_update(struct clear_pool *pool, unsigned int flags)
{
	unsigned long addr;

	if (flags & CLEAR_POOL_TRIM)
		pool->nr_spare = 0;
	if (!(flags & CLEAR_POOL_GROW))
		return 0;

	addr = __get_free_page(GFP_KERNEL);
	if (!addr)
		return -ENOMEM;
	pool->spare[pool->nr_spare++] = addr;
	return 0;
}

int clear_pool_refresh(struct clear_pool *pool, bool force)
{
	unsigned int flags = CLEAR_POOL_TRIM;
	int err;

	if (force)
		flags |= CLEAR_POOL_FORCE;
	mutex_lock(&pool->lock);
	err = clear_pool_update(pool, flags);
	mutex_unlock(&pool->lock);
	return err;
}

static int clear_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct clear_pool *pool = container_of(nb, struct clear_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct clear_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int clear_pool_start(struct clear_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = clear_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
