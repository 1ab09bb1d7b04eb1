// SPDX-License-Identifier: MIT
/*
 * All ways out lead through one label that unlocks; the allocation behind it holds nothing.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct tidy {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int tidy_add(struct tidy *pool, unsigned int n)
{
	void *report;
	int err = -EINVAL;

	mutex_lock(&pool->lock);
	if (n > ARRAY_SIZE(pool->spare))
		goto unlock;
	if (pool->nr_spare + n > ARRAY_SIZE(pool->spare)) {
		err = -ENOSPC;
		goto unlock;
	}
	pool->nr_spare += n;
	err = 0;
unlock:
	mutex_unlock(&pool->lock);
	if (!err)
		return 0;
	report = kzalloc(64, GFP_KERNEL);
	kfree(report);
	return err;
}

static int tidy_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct tidy *pool = container_of(nb, struct tidy, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct tidy.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int tidy_start(struct tidy *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = tidy_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
