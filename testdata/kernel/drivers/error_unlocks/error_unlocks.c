// SPDX-License-Identifier: MIT
/*
 * A callee that drops the lock where it fails; its caller cleans up with nothing held.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct err_unlock {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

/* Returns 0 with the lock held or an error with it dropped. */
static int err_unlock_check(struct err_unlock *pool)
{
	if (pool->nr_spare == ARRAY_SIZE(pool->spare)) {
		mutex_unlock(&pool->lock);
		return -ENOSPC;
	}
	return 0;
}

int err_unlock_log(struct err_unlock *pool)
{
	void *note;
	int err;

	mutex_lock(&pool->lock);
	err = err_unlock_check(pool);
	if (err) {
		note = kzalloc(32, GFP_KERNEL);
		kfree(note);
		return err;
	}
	pool->nr_spare++;
	mutex_unlock(&pool->lock);
	return 0;
}

static int err_unlock_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct err_unlock *pool = container_of(nb, struct err_unlock, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct err_unlock.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int err_unlock_start(struct err_unlock *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = err_unlock_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
