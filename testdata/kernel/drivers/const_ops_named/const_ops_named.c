// SPDX-License-Identifier: MIT
/*
 * Two tables of the same type, one allocates with direct reclaim, the other hands out what it has.
 * The call under the lock names the harmless table itself.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct named_pool;

struct named_pool_ops {
	unsigned long (*grow)(struct named_pool *pool);
	void (*release)(struct named_pool *pool, unsigned long addr);
};

struct named_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static unsigned long named_pool_page_grow(struct named_pool *pool)
{
	return get_zeroed_page(GFP_KERNEL);
}

static unsigned long named_pool_spare_grow(struct named_pool *pool)
{
	return pool->nr_spare ? pool->spare[--pool->nr_spare] : 0;
}

const struct named_pool_ops named_pool_page_ops = {
	.grow = named_pool_page_grow,
};

static const struct named_pool_ops spare_ops = {
	.grow = named_pool_spare_grow,
};

unsigned long named_pool_take(struct named_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = spare_ops.grow(pool);
	mutex_unlock(&pool->lock);
	return addr;
}

static int named_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct named_pool *pool = container_of(nb, struct named_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct named_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int named_pool_start(struct named_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = named_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
