// SPDX-License-Identifier: MIT
/*
 * The request is a constant at each call: only one of them allocates.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct requested {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

enum requested_request { SW_requested_PEEK, SW_requested_GROW, SW_requested_DROP };

static int requested_do(struct requested *pool, enum requested_request what)
{
	switch (what) {
	case SW_requested_GROW:
		pool->spare[0] = __get_free_page(GFP_KERNEL);
		return pool->spare[0] ? 0 : -ENOMEM;
	case SW_requested_DROP:
		free_page(pool->spare[0]);
		return 0;
	default:
		return -EINVAL;
	}
}

int requested_grow(struct requested *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = requested_do(pool, SW_requested_GROW);	/* want GFP001: struct requested.lock */
	mutex_unlock(&pool->lock);
	return err;
}

int requested_drop(struct requested *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = requested_do(pool, SW_requested_DROP);
	mutex_unlock(&pool->lock);
	return err;
}

static int requested_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct requested *pool = container_of(nb, struct requested, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct requested.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int requested_start(struct requested *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = requested_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
