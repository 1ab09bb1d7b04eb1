// SPDX-License-Identifier: MIT
/*
 * The path that forgets to unlock ends in BUG(), so nothing after the if holds the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct doomed {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

unsigned long doomed_page(struct doomed *pool)
{
	mutex_lock(&pool->lock);
	if (pool->nr_spare > ARRAY_SIZE(pool->spare))
		BUG();
	else
		mutex_unlock(&pool->lock);
	return __get_free_page(GFP_KERNEL);
}

static int doomed_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct doomed *pool = container_of(nb, struct doomed, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct doomed.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int doomed_start(struct doomed *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = doomed_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
