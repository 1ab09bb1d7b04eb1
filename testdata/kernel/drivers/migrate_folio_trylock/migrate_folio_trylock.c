// SPDX-License-Identifier: MIT
/*
 * As migrate_folio, but the lock is only tried.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct filed_trying {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

int filed_trying_grow(struct filed_trying *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, 2);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static int filed_trying_migrate_folio(struct address_space *mapping, struct folio *dst, struct folio *src,
			   enum migrate_mode mode)
{
	struct filed_trying *pool = mapping->i_private_data;
	int err;

	if (!mutex_trylock(&pool->lock))
		return -EAGAIN;
	err = migrate_folio(mapping, dst, src, mode);
	pool->moved++;
	mutex_unlock(&pool->lock);
	return err;
}

static const struct address_space_operations filed_trying_aops = {
	.migrate_folio = filed_trying_migrate_folio,
};

void filed_trying_init_mapping(struct filed_trying *pool, struct address_space *mapping)
{
	mapping->a_ops = &filed_trying_aops;
	mapping->i_private_data = pool;
}

MODULE_LICENSE("MIT");
