// SPDX-License-Identifier: MIT
/*
 * memalloc_nofs_save() takes __GFP_FS out of the mask, and only that.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct nofs_scope {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int nofs_scope_add(struct nofs_scope *pool)
{
	unsigned int cookie;
	unsigned long addr;

	mutex_lock(&pool->lock);
	cookie = memalloc_nofs_save();
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct nofs_scope.lock; bits __GFP_IO !__GFP_FS */
	memalloc_nofs_restore(cookie);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int nofs_scope_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct nofs_scope *pool = container_of(nb, struct nofs_scope, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct nofs_scope.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int nofs_scope_start(struct nofs_scope *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = nofs_scope_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
