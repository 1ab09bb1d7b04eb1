// SPDX-License-Identifier: MIT
/*
 * The function under the lock gets a work item; two container_of() lead to the structure with the
 * lock, through a macro of the driver and a typed helper.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct contained_unit {
	struct work_struct work;
	int number;
};

struct contained {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct contained_unit unit;
	struct notifier_block oom_nb;
};

#define to_contained_unit(w) container_of(w, struct contained_unit, work)

static inline struct contained *to_contained(struct contained_unit *unit)
{
	return container_of(unit, struct contained, unit);
}

static void contained_work(struct work_struct *work)
{
	struct contained_unit *unit = to_contained_unit(work);
	struct mutex *lock = &to_contained(unit)->lock;
	struct contained *pool = to_contained(unit);
	unsigned long addr;

	mutex_lock(lock);	/* want-taken: struct contained.lock */
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct contained.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(lock);
}

void contained_work_init(struct contained *pool)
{
	INIT_WORK(&pool->unit.work, contained_work);
}

static int contained_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct contained *pool = container_of(nb, struct contained, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct contained.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int contained_start(struct contained *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = contained_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
