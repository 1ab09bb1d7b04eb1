// SPDX-License-Identifier: MIT
/*
 * The lookup returns NULL with nothing held, and only then is something allocated.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct looked_up {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct list_head entry;
	int id;
};

/* The pool with its lock held, or NULL with nothing held. */
static struct looked_up *looked_up_find_locked(struct list_head *pools, int id)
{
	struct looked_up *pool;

	list_for_each_entry(pool, pools, entry) {
		mutex_lock(&pool->lock);
		if (pool->id == id)
			return pool;
		mutex_unlock(&pool->lock);
	}
	return NULL;
}

int looked_up_ensure(struct list_head *pools, int id)
{
	struct looked_up *pool = looked_up_find_locked(pools, id);

	if (!pool) {
		pool = kzalloc(sizeof(*pool), GFP_KERNEL);
		return pool ? 0 : -ENOMEM;
	}
	pool->nr_spare = 0;
	mutex_unlock(&pool->lock);
	return 0;
}

static int looked_up_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct looked_up *pool = container_of(nb, struct looked_up, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct looked_up.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int looked_up_start(struct looked_up *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = looked_up_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
