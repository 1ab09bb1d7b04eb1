// SPDX-License-Identifier: MIT
/*
 * Two functions that call each other under the lock; one of them allocates.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct recursive {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int recursive_split(struct recursive *pool, unsigned int depth);

static int recursive_build(struct recursive *pool, unsigned int depth)
{
	if (depth > 8)
		return -EINVAL;
	if (depth & 1)
		return recursive_split(pool, depth + 1);
	pool->spare[0] = __get_free_page(GFP_KERNEL);
	return recursive_split(pool, depth);
}

static int recursive_split(struct recursive *pool, unsigned int depth)
{
	return pool->nr_spare ? recursive_build(pool, depth + 2) : 0;
}

int recursive_tree(struct recursive *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = recursive_split(pool, 0);	/* want GFP001: struct recursive.lock */
	mutex_unlock(&pool->lock);
	return err;
}

static int recursive_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct recursive *pool = container_of(nb, struct recursive, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct recursive.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int recursive_start(struct recursive *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = recursive_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
