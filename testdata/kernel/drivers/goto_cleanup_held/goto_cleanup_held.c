// SPDX-License-Identifier: MIT
/*
 * The error label that allocates comes before the one that unlocks.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct untidy {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int untidy_add(struct untidy *pool, unsigned int n)
{
	void *report;
	int err = 0;

	mutex_lock(&pool->lock);
	if (n > ARRAY_SIZE(pool->spare))
		goto complain;
	pool->nr_spare += n;
	goto unlock;
complain:
	err = -EINVAL;
	report = kzalloc(64, GFP_KERNEL);	/* want GFP001: struct untidy.lock */
	kfree(report);
unlock:
	mutex_unlock(&pool->lock);
	return err;
}

static int untidy_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct untidy *pool = container_of(nb, struct untidy, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct untidy.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int untidy_start(struct untidy *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = untidy_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
