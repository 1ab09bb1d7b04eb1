// SPDX-License-Identifier: MIT
/*
 * An object of a few bytes needs no block of several pages.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct small_object {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

static struct small_object *small_object_of(struct page *page)
{
	return (struct small_object *)page->private;
}

int small_object_grow(struct small_object *pool)
{
	u64 *ring;

	mutex_lock(&pool->lock);
	ring = kmalloc(sizeof(*ring), GFP_KERNEL);
	if (ring)
		pool->ring = (struct page *)ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int small_object_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct small_object *pool = small_object_of(src);

	mutex_lock(&pool->lock);	/* want-callback: struct small_object.lock */
	dst->private = src->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct movable_operations small_object_movable = {
	.migrate_page = small_object_migrate,
};

int small_object_lend(struct small_object *pool, struct page *page)
{
	page->private = (unsigned long)pool;
	return set_movable_ops(page, &small_object_movable);
}

MODULE_LICENSE("MIT");
