// SPDX-License-Identifier: MIT
/*
 * Inside memalloc_noreclaim_save() the allocator never enters direct reclaim.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct noreclaim_scope {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int noreclaim_scope_add(struct noreclaim_scope *pool)
{
	unsigned int cookie;
	unsigned long addr;

	mutex_lock(&pool->lock);
	cookie = memalloc_noreclaim_save();
	addr = __get_free_page(GFP_KERNEL);
	memalloc_noreclaim_restore(cookie);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int noreclaim_scope_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct noreclaim_scope *pool = container_of(nb, struct noreclaim_scope, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct noreclaim_scope.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int noreclaim_scope_start(struct noreclaim_scope *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = noreclaim_scope_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
