// SPDX-License-Identifier: MIT
/*
 * The notifier schedules work, which allocates in a thread of its own, with nothing held.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct deferred {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct work_struct work;
};

static void deferred_work(struct work_struct *work)
{
	struct deferred *pool = container_of(work, struct deferred, work);
	void *table = kcalloc(pool->nr_spare, sizeof(long), GFP_KERNEL);

	kfree(table);
}

static int deferred_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct deferred *pool = container_of(nb, struct deferred, oom_nb);
	unsigned long *freed = data;
	schedule_work(&pool->work);
	*freed += pool->nr_spare;
	return NOTIFY_OK;
}

int deferred_start(struct deferred *pool)
{
	INIT_WORK(&pool->work, deferred_work);
	pool->oom_nb.notifier_call = deferred_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
