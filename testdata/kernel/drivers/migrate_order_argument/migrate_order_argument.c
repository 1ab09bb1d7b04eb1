// SPDX-License-Identifier: MIT
/*
 * The order is an argument. One caller asks for a block, the other for a single page.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct ordered {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct ordered *ordered_of(struct page *page)
{
	return (struct ordered *)page->private;
}

static int ordered_grow(struct ordered *pool, unsigned int order)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, order);	/* want GFP007: struct ordered.lock */
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

int ordered_open(struct ordered *pool)
{
	return ordered_grow(pool, 3);
}

int ordered_reopen(struct ordered *pool)
{
	return ordered_grow(pool, 0);
}

static int ordered_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct ordered *pool = ordered_of(src);

	mutex_lock(&pool->lock);	/* want-callback: struct ordered.lock */
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations ordered_movable = {
	.migrate_page = ordered_migrate,
};

int ordered_lend(struct ordered *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &ordered_movable);
}

MODULE_LICENSE("MIT");
