// SPDX-License-Identifier: MIT
/*
 * The allocation is 3 calls below the function that holds the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct three_deep {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void *three_deep_prepare(struct three_deep *pool, unsigned int n)
{
	return kmalloc(n * sizeof(*pool->spare), GFP_KERNEL);	/* want-allocates: struct three_deep.lock */
}

static void *three_deep_reserve(struct three_deep *pool, unsigned int n)
{
	if (n > ARRAY_SIZE(pool->spare))
		n = ARRAY_SIZE(pool->spare);
	return three_deep_prepare(pool, n);
}

static void *three_deep_grow(struct three_deep *pool, unsigned int n)
{
	if (n > ARRAY_SIZE(pool->spare))
		n = ARRAY_SIZE(pool->spare);
	return three_deep_reserve(pool, n);
}

void *three_deep_table(struct three_deep *pool, unsigned int n)
{
	void *table;

	mutex_lock(&pool->lock);	/* want-taken: struct three_deep.lock */
	table = three_deep_grow(pool, n);	/* want GFP001: struct three_deep.lock */
	mutex_unlock(&pool->lock);
	return table;
}

static int three_deep_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct three_deep *pool = container_of(nb, struct three_deep, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct three_deep.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int three_deep_start(struct three_deep *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = three_deep_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
