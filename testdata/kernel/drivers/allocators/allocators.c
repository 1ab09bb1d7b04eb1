// SPDX-License-Identifier: MIT
/*
 * One allocation of each kind that drivers use, each in a region of its own.
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

struct allocating {
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

static int allocating_thread(void *data)
{
	return data ? 0 : -EINVAL;
}

void allocating_pages(struct allocating *pool)
{
	struct page *page;

	mutex_lock(&pool->lock);
	page = alloc_pages(GFP_KERNEL, 1);	/* want GFP001: struct allocating.lock */
	pool->data = page;
	mutex_unlock(&pool->lock);
}

void allocating_node(struct allocating *pool)
{
	struct page *page;

	mutex_lock(&pool->lock);
	page = alloc_pages_node(0, GFP_KERNEL, 0);	/* want GFP001: struct allocating.lock */
	pool->data = page;
	mutex_unlock(&pool->lock);
}

void allocating_one_page(struct allocating *pool)
{
	struct page *page;

	mutex_lock(&pool->lock);
	page = alloc_page(GFP_HIGHUSER);	/* want GFP001: struct allocating.lock */
	pool->data = page;
	mutex_unlock(&pool->lock);
}

void allocating_zeroed(struct allocating *pool)
{
	unsigned long page;

	mutex_lock(&pool->lock);
	page = get_zeroed_page(GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = (void *)page;
	mutex_unlock(&pool->lock);
}

void allocating_kmalloc(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmalloc(100, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_kzalloc(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kzalloc(100, GFP_NOFS);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_kcalloc(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kcalloc(4, 100, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_array(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmalloc_array(4, 100, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_krealloc(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = krealloc(pool->data, 200, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_kvmalloc(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kvmalloc(100000, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_kvzalloc(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kvzalloc(100000, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_vmalloc(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = vmalloc(100000);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_vzalloc(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = vzalloc(100000);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_cache(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmem_cache_alloc(pool->cache, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_cache_zeroed(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmem_cache_zalloc(pool->cache, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_strdup(struct allocating *pool)
{
	char *p;

	mutex_lock(&pool->lock);
	p = kstrdup("pool", GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_memdup(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = kmemdup(pool->spare, sizeof(pool->spare), GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_asprintf(struct allocating *pool)
{
	char *p;

	mutex_lock(&pool->lock);
	p = kasprintf(GFP_KERNEL, "pool%u", pool->nr_spare);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_managed(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = devm_kzalloc(pool->dev, 100, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_managed_raw(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = devm_kmalloc(pool->dev, 100, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_coherent(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = dma_alloc_coherent(pool->dev, 4096, &pool->handle, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_percpu(struct allocating *pool)
{
	int *p;

	mutex_lock(&pool->lock);
	p = alloc_percpu(int);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_mempool(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = mempool_alloc(pool->reserve, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_skb(struct allocating *pool)
{
	struct sk_buff *p;

	mutex_lock(&pool->lock);
	p = alloc_skb(256, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_stored(struct allocating *pool)
{
	void *p;

	mutex_lock(&pool->lock);
	p = xa_store(&pool->index, 1, pool, GFP_KERNEL);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_queue(struct allocating *pool)
{
	struct workqueue_struct *p;

	mutex_lock(&pool->lock);
	p = alloc_workqueue("pool", 0, 0);	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

void allocating_kthread(struct allocating *pool)
{
	struct task_struct *p;

	mutex_lock(&pool->lock);
	p = kthread_run(allocating_thread, pool, "pool");	/* want GFP001: struct allocating.lock */
	pool->data = p;
	mutex_unlock(&pool->lock);
}

static int allocating_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct allocating *pool = container_of(nb, struct allocating, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct allocating.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int allocating_start(struct allocating *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = allocating_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
