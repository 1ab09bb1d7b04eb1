// SPDX-License-Identifier: MIT
/*
 * memalloc_noio_save() takes __GFP_IO and __GFP_FS out of the mask.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct noio_scope {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int noio_scope_add(struct noio_scope *pool)
{
	unsigned int cookie;
	unsigned long addr;

	mutex_lock(&pool->lock);
	cookie = memalloc_noio_save();
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct noio_scope.lock; bits __GFP_DIRECT_RECLAIM !__GFP_IO !__GFP_FS */
	memalloc_noio_restore(cookie);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int noio_scope_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct noio_scope *pool = container_of(nb, struct noio_scope, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct noio_scope.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int noio_scope_start(struct noio_scope *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = noio_scope_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
