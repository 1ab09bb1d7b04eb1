// SPDX-License-Identifier: MIT
/*
 * As error_unlocks, and the allocation is where the callee succeeded.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct err_held {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

/* Returns 0 with the lock held or an error with it dropped. */
static int err_held_check(struct err_held *pool)
{
	if (pool->nr_spare == ARRAY_SIZE(pool->spare)) {
		mutex_unlock(&pool->lock);
		return -ENOSPC;
	}
	return 0;
}

int err_held_add(struct err_held *pool)
{
	unsigned long addr;
	int err;

	mutex_lock(&pool->lock);
	err = err_held_check(pool);
	if (err)
		return err;
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct err_held.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return 0;
}

static int err_held_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct err_held *pool = container_of(nb, struct err_held, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct err_held.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int err_held_start(struct err_held *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = err_held_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
