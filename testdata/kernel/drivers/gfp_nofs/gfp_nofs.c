// SPDX-License-Identifier: MIT
/*
 * GFP_NOFS narrows reclaim and doesn't stop it: the OOM path is open to it.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct nofs_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int nofs_pool_add(struct nofs_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_NOFS);	/* want GFP001: struct nofs_pool.lock; ways self retry; bits __GFP_IO !__GFP_FS */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int nofs_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct nofs_pool *pool = container_of(nb, struct nofs_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct nofs_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int nofs_pool_start(struct nofs_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = nofs_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
