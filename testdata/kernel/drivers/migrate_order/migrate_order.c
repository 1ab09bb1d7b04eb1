// SPDX-License-Identifier: MIT
/*
 * Four pages in one block are asked for under a lock that migrate_page() waits for: direct compaction
 * may call it.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct moved_pool {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct moved_pool *moved_pool_of(struct page *page)
{
	return (struct moved_pool *)page->private;
}

int moved_pool_grow(struct moved_pool *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, 2);	/* want GFP007: struct moved_pool.lock */
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int moved_pool_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct moved_pool *pool = moved_pool_of(src);

	mutex_lock(&pool->lock);	/* want-callback: struct moved_pool.lock */
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations moved_pool_movable = {
	.migrate_page = moved_pool_migrate,
};

int moved_pool_lend(struct moved_pool *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &moved_pool_movable);
}

MODULE_LICENSE("MIT");
