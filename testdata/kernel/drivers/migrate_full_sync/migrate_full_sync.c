// SPDX-License-Identifier: MIT
/*
 * migrate_page() waits only for who wants the page gone at any price (MIGRATE_SYNC), which direct compaction
 * doesn't.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct full_pool {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct full_pool *full_pool_of(struct page *page)
{
	return (struct full_pool *)page->private;
}

int full_pool_grow(struct full_pool *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, 2);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int full_pool_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct full_pool *pool = full_pool_of(src);

	if (mode != MIGRATE_SYNC) {
		if (!mutex_trylock(&pool->lock))
			return -EAGAIN;
	} else {
		mutex_lock(&pool->lock);
	}
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations full_pool_movable = {
	.migrate_page = full_pool_migrate,
};

int full_pool_lend(struct full_pool *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &full_pool_movable);
}

MODULE_LICENSE("MIT");
