// SPDX-License-Identifier: MIT
/*
 * GFP_NOIO neither: such an allocation calls the notifiers like any other.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct noio_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int noio_pool_add(struct noio_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_NOIO);	/* want GFP001: struct noio_pool.lock; ways self retry !reclaim; bits !__GFP_IO !__GFP_FS */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int noio_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct noio_pool *pool = container_of(nb, struct noio_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct noio_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int noio_pool_start(struct noio_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = noio_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
