// SPDX-License-Identifier: MIT
/*
 * A function that returns an ERR_PTR() with nothing held, and the object with its lock held.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct err_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	bool dead;
};

static struct err_pool *err_pool_lock_checked(struct err_pool *pool)
{
	if (!pool)
		return ERR_PTR(-ENODEV);
	mutex_lock(&pool->lock);
	if (pool->dead) {
		mutex_unlock(&pool->lock);
		return ERR_PTR(-ENODEV);
	}
	return pool;
}

int err_pool_report(struct err_pool *candidate)
{
	struct err_pool *pool = err_pool_lock_checked(candidate);
	void *note;

	if (IS_ERR(pool)) {
		note = kzalloc(32, GFP_KERNEL);
		kfree(note);
		return PTR_ERR(pool);
	}
	pool->nr_spare = 0;
	mutex_unlock(&pool->lock);
	return 0;
}

static int err_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct err_pool *pool = container_of(nb, struct err_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct err_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int err_pool_start(struct err_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = err_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
