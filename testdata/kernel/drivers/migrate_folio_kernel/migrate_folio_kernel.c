// SPDX-License-Identifier: MIT
/*
 * The address space is moved by the kernel's own migrate_folio(), which takes no lock of the driver's.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct filed_plainly {
	struct mutex lock;
	struct page *ring;
	unsigned long moved;
};

int filed_plainly_grow(struct filed_plainly *pool)
{
	struct page *ring;

	mutex_lock(&pool->lock);
	ring = alloc_pages(GFP_KERNEL, 2);
	if (ring)
		pool->ring = ring;
	mutex_unlock(&pool->lock);
	return ring ? 0 : -ENOMEM;
}

static const struct address_space_operations filed_plainly_aops = {
	.migrate_folio = migrate_folio,
};

void filed_plainly_init_mapping(struct filed_plainly *pool, struct address_space *mapping)
{
	mapping->a_ops = &filed_plainly_aops;
	mapping->i_private_data = pool;
}

MODULE_LICENSE("MIT");
