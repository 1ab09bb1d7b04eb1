// SPDX-License-Identifier: MIT
/*
 * A function is passed to one that calls it for every slot, under the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct visited {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int visited_each(struct visited *pool, int (*visit)(struct visited *pool, unsigned int i))
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < pool->nr_spare && !err; i++)
		err = visit(pool, i);
	return err;
}

static int visited_fill(struct visited *pool, unsigned int i)
{
	pool->spare[i] = __get_free_page(GFP_KERNEL);	/* want-allocates: struct visited.lock */
	return pool->spare[i] ? 0 : -ENOMEM;
}

static int visited_drop(struct visited *pool, unsigned int i)
{
	free_page(pool->spare[i]);
	return 0;
}

int visited_fill_all(struct visited *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = visited_each(pool, visited_fill);	/* want GFP001: struct visited.lock */
	mutex_unlock(&pool->lock);
	return err;
}

int visited_drop_all(struct visited *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = visited_each(pool, visited_drop);
	mutex_unlock(&pool->lock);
	return err;
}

static int visited_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct visited *pool = container_of(nb, struct visited, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct visited.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int visited_start(struct visited *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = visited_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
