// SPDX-License-Identifier: MIT
/*
 * Without __GFP_IO there is no direct compaction.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct noio_moved {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct noio_moved *noio_moved_of(struct page *page)
{
	return (struct noio_moved *)page->private;
}

int noio_moved_grow(struct noio_moved *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_NOIO, 2);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int noio_moved_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct noio_moved *pool = noio_moved_of(src);

	mutex_lock(&pool->lock);	/* want-callback: struct noio_moved.lock */
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations noio_moved_movable = {
	.migrate_page = noio_moved_migrate,
};

int noio_moved_lend(struct noio_moved *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &noio_moved_movable);
}

MODULE_LICENSE("MIT");
