// SPDX-License-Identifier: MIT
/*
 * As migrate_order_argument, but all callers ask for single pages.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct ordered_single {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct ordered_single *ordered_single_of(struct page *page)
{
	return (struct ordered_single *)page->private;
}

static int ordered_single_grow(struct ordered_single *pool, unsigned int order)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, order);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

int ordered_single_open(struct ordered_single *pool)
{
	return ordered_single_grow(pool, 0);
}

static int ordered_single_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct ordered_single *pool = ordered_single_of(src);

	mutex_lock(&pool->lock);	/* want-callback: struct ordered_single.lock */
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations ordered_single_movable = {
	.migrate_page = ordered_single_migrate,
};

int ordered_single_lend(struct ordered_single *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &ordered_single_movable);
}

MODULE_LICENSE("MIT");
