// SPDX-License-Identifier: MIT
/*
 * migrate_page() waits unless it must not (MIGRATE_ASYNC). Direct compaction's second attempt is
 * MIGRATE_SYNC_LIGHT.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct sync_pool {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct sync_pool *sync_pool_of(struct page *page)
{
	return (struct sync_pool *)page->private;
}

int sync_pool_grow(struct sync_pool *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, 2);	/* want GFP007: struct sync_pool.lock */
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int sync_pool_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct sync_pool *pool = sync_pool_of(src);

	if (mode == MIGRATE_ASYNC) {
		if (!mutex_trylock(&pool->lock))
			return -EAGAIN;
	} else {
		mutex_lock(&pool->lock);	/* want-callback: struct sync_pool.lock */
	}
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations sync_pool_movable = {
	.migrate_page = sync_pool_migrate,
};

int sync_pool_lend(struct sync_pool *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &sync_pool_movable);
}

MODULE_LICENSE("MIT");
