// SPDX-License-Identifier: MIT
/*
 * The OOM killer can't help a request that only the DMA zone can satisfy: no way of its own into
 * out_of_memory(), the others stay.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct dma_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int dma_pool_add(struct dma_pool *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL | GFP_DMA);	/* want GFP001: struct dma_pool.lock; ways retry reclaim !self */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int dma_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct dma_pool *pool = container_of(nb, struct dma_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct dma_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int dma_pool_start(struct dma_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = dma_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
