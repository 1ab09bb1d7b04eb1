// SPDX-License-Identifier: MIT
/*
 * migratepage() of an address space (up to 5.19) waits.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct paged_of_old {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

int paged_of_old_grow(struct paged_of_old *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, 2);	/* want GFP007: struct paged_of_old.lock */
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int paged_of_old_migratepage(struct address_space *mapping, struct page *newpage, struct page *page,
			 enum migrate_mode mode)
{
	struct paged_of_old *pool = mapping->private_data;

	mutex_lock(&pool->lock);	/* want-callback: struct paged_of_old.lock */
	newpage->private = page->private;
	pool->moved++;
	mutex_unlock(&pool->lock);
	return MIGRATEPAGE_SUCCESS;
}

static const struct address_space_operations paged_of_old_aops = {
	.migratepage = paged_of_old_migratepage,
};

void paged_of_old_init_mapping(struct paged_of_old *pool, struct address_space *mapping)
{
	mapping->a_ops = &paged_of_old_aops;
	mapping->private_data = pool;
}

MODULE_LICENSE("MIT");
