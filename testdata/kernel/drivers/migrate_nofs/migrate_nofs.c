// SPDX-License-Identifier: MIT
/*
 * GFP_NOFS doesn't keep compaction away.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct nofs_moved {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct nofs_moved *nofs_moved_of(struct page *page)
{
	return (struct nofs_moved *)page->private;
}

int nofs_moved_grow(struct nofs_moved *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_NOFS, 2);	/* want GFP007: struct nofs_moved.lock */
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int nofs_moved_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct nofs_moved *pool = nofs_moved_of(src);

	mutex_lock(&pool->lock);	/* want-callback: struct nofs_moved.lock */
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations nofs_moved_movable = {
	.migrate_page = nofs_moved_migrate,
};

int nofs_moved_lend(struct nofs_moved *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &nofs_moved_movable);
}

MODULE_LICENSE("MIT");
