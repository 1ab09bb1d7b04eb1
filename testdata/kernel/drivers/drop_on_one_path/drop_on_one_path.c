// SPDX-License-Identifier: MIT
/*
 * The lock is dropped around the allocation on one path and forgotten on the other.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct one_path {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int one_path_add(struct one_path *pool, bool polite)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	if (polite) {
		mutex_unlock(&pool->lock);
		addr = __get_free_page(GFP_KERNEL);
		mutex_lock(&pool->lock);
	} else {
		addr = get_zeroed_page(GFP_KERNEL);	/* want GFP001: struct one_path.lock; at get_zeroed_page */
	}
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int one_path_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct one_path *pool = container_of(nb, struct one_path, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct one_path.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int one_path_start(struct one_path *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = one_path_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
