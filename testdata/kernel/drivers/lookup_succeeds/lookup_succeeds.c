// SPDX-License-Identifier: MIT
/*
 * As lookup_fails, but what is allocated is allocated where the lookup succeeded.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct found_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct list_head entry;
	int id;
};

/* The pool with its lock held, or NULL with nothing held. */
static struct found_pool *found_pool_find_locked(struct list_head *pools, int id)
{
	struct found_pool *pool;

	list_for_each_entry(pool, pools, entry) {
		mutex_lock(&pool->lock);
		if (pool->id == id)
			return pool;
		mutex_unlock(&pool->lock);
	}
	return NULL;
}

int found_pool_ensure(struct list_head *pools, int id)
{
	struct found_pool *pool = found_pool_find_locked(pools, id);
	unsigned long addr;

	if (!pool)
		return -ENOENT;
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct found_pool.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return 0;
}

static int found_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct found_pool *pool = container_of(nb, struct found_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct found_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int found_pool_start(struct found_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = found_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
