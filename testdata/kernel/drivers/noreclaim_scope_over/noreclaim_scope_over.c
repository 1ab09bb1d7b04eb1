// SPDX-License-Identifier: MIT
/*
 * The scope ends before the allocation.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct scope_over {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int scope_over_add(struct scope_over *pool)
{
	unsigned int cookie;
	unsigned long addr;

	mutex_lock(&pool->lock);
	cookie = memalloc_noreclaim_save();
	pool->nr_spare = 0;
	memalloc_noreclaim_restore(cookie);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct scope_over.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int scope_over_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct scope_over *pool = container_of(nb, struct scope_over, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct scope_over.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int scope_over_start(struct scope_over *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = scope_over_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
