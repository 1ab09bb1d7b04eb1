// SPDX-License-Identifier: MIT
/*
 * As noreclaim_wrapper, but the unlock order is split: the scope is left through the wrapper, the
 * mutex is still held, and the allocation comes between.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct half_saved {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	unsigned int saved_flags;
};

static void half_saved_enter(struct half_saved *pool)
{
	mutex_lock(&pool->lock);
	pool->saved_flags = memalloc_noreclaim_save();
}

static void half_saved_leave_scope(struct half_saved *pool)
{
	memalloc_noreclaim_restore(pool->saved_flags);
}

int half_saved_add(struct half_saved *pool)
{
	unsigned long addr;

	half_saved_enter(pool);
	pool->nr_spare = 0;
	half_saved_leave_scope(pool);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct half_saved.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int half_saved_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct half_saved *pool = container_of(nb, struct half_saved, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct half_saved.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int half_saved_start(struct half_saved *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = half_saved_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
