// SPDX-License-Identifier: MIT
/*
 * Work is scheduled under the lock and allocates later, in a thread of its own.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct scheduled {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct work_struct work;
};

static void scheduled_work(struct work_struct *work)
{
	struct scheduled *pool = container_of(work, struct scheduled, work);
	unsigned long addr = __get_free_page(GFP_KERNEL);

	mutex_lock(&pool->lock);
	pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
}

void scheduled_kick(struct scheduled *pool)
{
	mutex_lock(&pool->lock);
	if (!pool->nr_spare)
		queue_work(system_wq, &pool->work);
	mutex_unlock(&pool->lock);
}

void scheduled_prepare(struct scheduled *pool)
{
	INIT_WORK(&pool->work, scheduled_work);
}

static int scheduled_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct scheduled *pool = container_of(nb, struct scheduled, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct scheduled.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int scheduled_start(struct scheduled *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = scheduled_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
