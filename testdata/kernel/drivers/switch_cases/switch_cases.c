// SPDX-License-Identifier: MIT
/*
 * One case of a switch drops the lock before it allocates, one falls through into it, one doesn't.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct switched {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int switched_do(struct switched *pool, int what)
{
	void *table = NULL;

	mutex_lock(&pool->lock);
	switch (what) {
	case 0:
		pool->nr_spare = 0;
		fallthrough;
	case 1:
		mutex_unlock(&pool->lock);
		table = kzalloc(64, GFP_KERNEL);
		kfree(table);
		return 0;
	case 2 ... 5:
		table = kzalloc(128, GFP_KERNEL);	/* want GFP001: struct switched.lock */
		break;
	default:
		break;
	}
	mutex_unlock(&pool->lock);
	kfree(table);
	return 0;
}

static int switched_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct switched *pool = container_of(nb, struct switched, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct switched.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int switched_start(struct switched *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = switched_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
