// SPDX-License-Identifier: MIT
/*
 * As migratepage, but single pages are allocated.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct single_of_old {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

int single_of_old_grow(struct single_of_old *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_page(GFP_KERNEL);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int single_of_old_migratepage(struct address_space *mapping, struct page *newpage, struct page *page,
			 enum migrate_mode mode)
{
	struct single_of_old *pool = mapping->private_data;

	mutex_lock(&pool->lock);	/* want-callback: struct single_of_old.lock */
	newpage->private = page->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct address_space_operations single_of_old_aops = {
	.migratepage = single_of_old_migratepage,
};

void single_of_old_init_mapping(struct single_of_old *pool, struct address_space *mapping)
{
	mapping->a_ops = &single_of_old_aops;
	mapping->private_data = pool;
}

MODULE_LICENSE("MIT");
