// SPDX-License-Identifier: MIT
/*
 * As migrate_order, but single pages: nothing is compacted for these.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct single_pages {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct single_pages *single_pages_of(struct page *page)
{
	return (struct single_pages *)page->private;
}

int single_pages_grow(struct single_pages *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_page(GFP_KERNEL);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int single_pages_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct single_pages *pool = single_pages_of(src);

	mutex_lock(&pool->lock);	/* want-callback: struct single_pages.lock */
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations single_pages_movable = {
	.migrate_page = single_pages_migrate,
};

int single_pages_lend(struct single_pages *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &single_pages_movable);
}

MODULE_LICENSE("MIT");
