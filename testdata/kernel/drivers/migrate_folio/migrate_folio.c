// SPDX-License-Identifier: MIT
/*
 * migrate_folio() of an address space waits.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct filed {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

int filed_grow(struct filed *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, 2);	/* want GFP007: struct filed.lock */
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int filed_migrate_folio(struct address_space *mapping, struct folio *dst, struct folio *src,
			   enum migrate_mode mode)
{
	struct filed *pool = mapping->i_private_data;
	int err;

	mutex_lock(&pool->lock);	/* want-callback: struct filed.lock */
	err = migrate_folio(mapping, dst, src, mode);
	pool->moved++;
	mutex_unlock(&pool->lock);
	return err;
}

static const struct address_space_operations filed_aops = {
	.migrate_folio = filed_migrate_folio,
};

void filed_init_mapping(struct filed *pool, struct address_space *mapping)
{
	mapping->a_ops = &filed_aops;
	mapping->i_private_data = pool;
}

MODULE_LICENSE("MIT");
