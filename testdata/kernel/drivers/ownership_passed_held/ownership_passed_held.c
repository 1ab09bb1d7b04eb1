// SPDX-License-Identifier: MIT
/*
 * As ownership_passed, but the function allocates before it releases the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct passed_late {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void passed_late_finish(struct passed_late *pool)
	__releases(&pool->lock)
{
	void *note = kzalloc(32, GFP_KERNEL);	/* want-allocates: struct passed_late.lock */

	pool->nr_spare = 0;
	mutex_unlock(&pool->lock);
	kfree(note);
}

int passed_late_reset(struct passed_late *pool)
{
	mutex_lock(&pool->lock);
	passed_late_finish(pool);	/* want GFP001: struct passed_late.lock */
	return 0;
}

static int passed_late_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct passed_late *pool = container_of(nb, struct passed_late, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct passed_late.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int passed_late_start(struct passed_late *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = passed_late_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
