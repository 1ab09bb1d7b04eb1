// SPDX-License-Identifier: MIT
/*
 * The allocation is 5 calls below the function that holds the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct five_deep {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void *five_deep_obtain(struct five_deep *pool, unsigned int n)
{
	return kmalloc(n * sizeof(*pool->spare), GFP_KERNEL);	/* want-allocates: struct five_deep.lock */
}

static void *five_deep_fetch(struct five_deep *pool, unsigned int n)
{
	if (n > ARRAY_SIZE(pool->spare))
		n = ARRAY_SIZE(pool->spare);
	return five_deep_obtain(pool, n);
}

static void *five_deep_prepare(struct five_deep *pool, unsigned int n)
{
	if (n > ARRAY_SIZE(pool->spare))
		n = ARRAY_SIZE(pool->spare);
	return five_deep_fetch(pool, n);
}

static void *five_deep_reserve(struct five_deep *pool, unsigned int n)
{
	if (n > ARRAY_SIZE(pool->spare))
		n = ARRAY_SIZE(pool->spare);
	return five_deep_prepare(pool, n);
}

static void *five_deep_grow(struct five_deep *pool, unsigned int n)
{
	if (n > ARRAY_SIZE(pool->spare))
		n = ARRAY_SIZE(pool->spare);
	return five_deep_reserve(pool, n);
}

void *five_deep_table(struct five_deep *pool, unsigned int n)
{
	void *table;

	mutex_lock(&pool->lock);	/* want-taken: struct five_deep.lock */
	table = five_deep_grow(pool, n);	/* want GFP001: struct five_deep.lock */
	mutex_unlock(&pool->lock);
	return table;
}

static int five_deep_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct five_deep *pool = container_of(nb, struct five_deep, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct five_deep.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int five_deep_start(struct five_deep *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = five_deep_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
