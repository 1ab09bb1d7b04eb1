/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_FS_H
#define _LINUX_FS_H

#include <linux/mm.h>

struct address_space;

enum migrate_mode {
	MIGRATE_ASYNC,
	MIGRATE_SYNC_LIGHT,
	MIGRATE_SYNC,
};

#define MIGRATEPAGE_SUCCESS 0

struct address_space_operations {
	int (*set_page_dirty)(struct page *page);
	int (*migratepage)(struct address_space *mapping, struct page *newpage, struct page *page,
			   enum migrate_mode mode);
};

struct address_space {
	const struct address_space_operations *a_ops;
	void *private_data;
};

#endif
