// SPDX-License-Identifier: MIT
/*
 * A macro writes the enumerators, in a header: which request allocates, and how many there are, follow from it.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include "catalogue.h"

struct catalogue {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int catalogue_do(struct catalogue *pool, enum catalogue_request what)
{
	if (what >= CATALOGUE_NR)
		return -EINVAL;
	switch (what) {
	case CATALOGUE_GROW:
		pool->spare[0] = __get_free_page(GFP_KERNEL);
		return pool->spare[0] ? 0 : -ENOMEM;
	case CATALOGUE_DROP:
		free_page(pool->spare[0]);
		return 0;
	default:
		return -EINVAL;
	}
}

int catalogue_grow(struct catalogue *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = catalogue_do(pool, CATALOGUE_GROW);	/* want GFP001: struct catalogue.lock */
	mutex_unlock(&pool->lock);
	return err;
}

int catalogue_drop(struct catalogue *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = catalogue_do(pool, CATALOGUE_DROP);
	mutex_unlock(&pool->lock);
	return err;
}

static int catalogue_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct catalogue *pool = container_of(nb, struct catalogue, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct catalogue.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int catalogue_start(struct catalogue *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = catalogue_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
