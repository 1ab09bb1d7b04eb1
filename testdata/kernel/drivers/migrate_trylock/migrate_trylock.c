// SPDX-License-Identifier: MIT
/*
 * As migrate_order, but migrate_page() only tries the lock.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct trying_pool {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct trying_pool *trying_pool_of(struct page *page)
{
	return (struct trying_pool *)page->private;
}

int trying_pool_grow(struct trying_pool *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, 2);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int trying_pool_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct trying_pool *pool = trying_pool_of(src);

	if (!mutex_trylock(&pool->lock))
		return -EAGAIN;
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations trying_pool_movable = {
	.migrate_page = trying_pool_migrate,
};

int trying_pool_lend(struct trying_pool *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &trying_pool_movable);
}

MODULE_LICENSE("MIT");
