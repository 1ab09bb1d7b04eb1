// SPDX-License-Identifier: MIT
/*
 * kvmalloc() falls back to single pages, and asks for a block without insisting.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct scattered {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct scattered *scattered_of(struct page *page)
{
	return (struct scattered *)page->private;
}

int scattered_grow(struct scattered *pool)
{
	void *ring;

	mutex_lock(&pool->lock);
	ring = kvmalloc(8 * PAGE_SIZE, GFP_KERNEL);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int scattered_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct scattered *pool = scattered_of(src);

	mutex_lock(&pool->lock);	/* want-callback: struct scattered.lock */
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations scattered_movable = {
	.migrate_page = scattered_migrate,
};

int scattered_lend(struct scattered *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &scattered_movable);
}

MODULE_LICENSE("MIT");
