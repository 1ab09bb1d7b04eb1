// SPDX-License-Identifier: MIT
/*
 * Nor is there where the allocation doesn't reclaim.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct nowait_moved {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct nowait_moved *nowait_moved_of(struct page *page)
{
	return (struct nowait_moved *)page->private;
}

int nowait_moved_grow(struct nowait_moved *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_NOWAIT, 2);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int nowait_moved_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct nowait_moved *pool = nowait_moved_of(src);

	mutex_lock(&pool->lock);	/* want-callback: struct nowait_moved.lock */
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations nowait_moved_movable = {
	.migrate_page = nowait_moved_migrate,
};

int nowait_moved_lend(struct nowait_moved *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &nowait_moved_movable);
}

MODULE_LICENSE("MIT");
