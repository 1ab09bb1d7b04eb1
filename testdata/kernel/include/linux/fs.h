/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_FS_H
#define _LINUX_FS_H

#include <linux/migrate.h>
#include <linux/mm.h>

struct address_space;

struct folio {
	struct page page;
	struct address_space *mapping;
};

struct address_space_operations {
	int (*read_folio)(void *file, struct folio *folio);
	bool (*dirty_folio)(struct address_space *mapping, struct folio *folio);
	int (*migrate_folio)(struct address_space *mapping, struct folio *dst, struct folio *src,
			     enum migrate_mode mode);
};

struct address_space {
	const struct address_space_operations *a_ops;
	void *i_private_data;
};

int migrate_folio(struct address_space *mapping, struct folio *dst, struct folio *src,
		  enum migrate_mode mode);

#endif
