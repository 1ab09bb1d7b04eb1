// SPDX-License-Identifier: MIT
/*
 * The allocation is behind a constant table of functions that probe hangs into the object. There is
 * one such table, so there is one answer.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct ops_pool;

struct ops_pool_ops {
	unsigned long (*grow)(struct ops_pool *pool);
	void (*release)(struct ops_pool *pool, unsigned long addr);
};

struct ops_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	const struct ops_pool_ops *ops;
};

static unsigned long ops_pool_page_grow(struct ops_pool *pool)
{
	return get_zeroed_page(GFP_KERNEL);
}

static void ops_pool_page_release(struct ops_pool *pool, unsigned long addr)
{
	free_page(addr);
}

static const struct ops_pool_ops page_ops = {
	.grow = ops_pool_page_grow,
	.release = ops_pool_page_release,
};

int ops_pool_add(struct ops_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = pool->ops->grow(pool);	/* want GFP001: struct ops_pool.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

void ops_pool_bind(struct ops_pool *pool)
{
	pool->ops = &page_ops;
}

static int ops_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct ops_pool *pool = container_of(nb, struct ops_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct ops_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int ops_pool_start(struct ops_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = ops_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
