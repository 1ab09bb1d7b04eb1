// SPDX-License-Identifier: MIT
/*
 * The lock of each entry is taken and dropped in the loop; the allocation comes between.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct listed {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct list_head entry;
};

int listed_add_each(struct list_head *pools)
{
	struct listed *pool;
	void *table;

	list_for_each_entry(pool, pools, entry) {
		mutex_lock(&pool->lock);
		if (pool->nr_spare)
			pool->spare[0] = __get_free_page(GFP_KERNEL);	/* want GFP001: struct listed.lock */
		mutex_unlock(&pool->lock);
	}
	list_for_each_entry(pool, pools, entry) {
		mutex_lock(&pool->lock);
		pool->nr_spare = 0;
		mutex_unlock(&pool->lock);
		table = kzalloc(64, GFP_KERNEL);
		kfree(table);
	}
	return 0;
}

static int listed_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct listed *pool = container_of(nb, struct listed, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct listed.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int listed_start(struct listed *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = listed_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
