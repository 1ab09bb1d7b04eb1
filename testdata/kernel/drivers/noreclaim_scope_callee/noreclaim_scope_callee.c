// SPDX-License-Identifier: MIT
/*
 * The scope covers what is called inside it, however deep.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct scope_callee {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static unsigned long scope_callee_page(void)
{
	return get_zeroed_page(GFP_KERNEL);
}

static int scope_callee_fill(struct scope_callee *pool)
{
	unsigned long addr = scope_callee_page();

	if (!addr)
		return -ENOMEM;
	pool->spare[pool->nr_spare++] = addr;
	return 0;
}

int scope_callee_add(struct scope_callee *pool)
{
	unsigned int cookie;
	int err;

	cookie = memalloc_noreclaim_save();
	mutex_lock(&pool->lock);
	err = scope_callee_fill(pool);
	mutex_unlock(&pool->lock);
	memalloc_noreclaim_restore(cookie);
	return err;
}

static int scope_callee_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct scope_callee *pool = container_of(nb, struct scope_callee, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct scope_callee.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int scope_callee_start(struct scope_callee *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = scope_callee_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
