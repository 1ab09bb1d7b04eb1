// SPDX-License-Identifier: MIT
/*
 * The same where the mask has no direct reclaim.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct allocating_now {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	void *data;
	struct kmem_cache *cache;
	struct device *dev;
	dma_addr_t handle;
	struct xarray index;
	mempool_t *reserve;
};

void allocating_now_pages(struct allocating_now *pool)
{
	struct page *page;

	mutex_lock(&pool->lock);
	page = alloc_pages(GFP_NOWAIT, 1);
	pool->data = page;
	mutex_unlock(&pool->lock);
}

void allocating_now_node(struct allocating_now *pool)
{
	struct page *page;

	mutex_lock(&pool->lock);
	page = alloc_pages_node(0, GFP_NOWAIT, 0);
	pool->data = page;
	mutex_unlock(&pool->lock);
}

void allocating_now_one_page(struct allocating_now *pool)
{
	struct page *page;

	mutex_lock(&pool->lock);
	page = alloc_page(GFP_NOWAIT);
	pool->data = page;
	mutex_unlock(&pool->lock);
}

void allocating_now_zeroed(struct allocating_now *pool)
{
	unsigned long page;

	mutex_lock(&pool->lock);
	page = get_zeroed_page(GFP_NOWAIT);
	pool->data = (void *)page;
	mutex_unlock(&pool->lock);
}

void allocating_now_kmalloc(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmalloc(100, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_kzalloc(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kzalloc(100, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_kcalloc(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kcalloc(4, 100, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_array(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmalloc_array(4, 100, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_krealloc(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = krealloc(pool->data, 200, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_cache(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmem_cache_alloc(pool->cache, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_cache_zeroed(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmem_cache_zalloc(pool->cache, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_strdup(struct allocating_now *pool)
{
	char *p;

	mutex_lock(&pool->lock);
	p = kstrdup("pool", GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_memdup(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmemdup(pool->spare, sizeof(pool->spare), GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_asprintf(struct allocating_now *pool)
{
	char *p;

	mutex_lock(&pool->lock);
	p = kasprintf(GFP_NOWAIT, "pool%u", pool->nr_spare);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_managed(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = devm_kzalloc(pool->dev, 100, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_managed_raw(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = devm_kmalloc(pool->dev, 100, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_coherent(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = dma_alloc_coherent(pool->dev, 4096, &pool->handle, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_mempool(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = mempool_alloc(pool->reserve, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_skb(struct allocating_now *pool)
{
	struct sk_buff *p;

	mutex_lock(&pool->lock);
	p = alloc_skb(256, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_now_stored(struct allocating_now *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = xa_store(&pool->index, 1, pool, GFP_NOWAIT);
	pool->data = p;
	mutex_unlock(&pool->lock);
}

static int allocating_now_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct allocating_now *pool = container_of(nb, struct allocating_now, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct allocating_now.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int allocating_now_start(struct allocating_now *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = allocating_now_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
