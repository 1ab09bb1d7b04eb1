/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MIGRATE_H
#define _LINUX_MIGRATE_H

#include <linux/mm.h>

enum migrate_mode {
	MIGRATE_ASYNC,
	MIGRATE_SYNC_LIGHT,
	MIGRATE_SYNC,
};

#define MIGRATEPAGE_SUCCESS 0

/* For pages that are no file's. */
struct movable_operations {
	bool (*isolate_page)(struct page *page, unsigned int mode);
	int (*migrate_page)(struct page *dst, struct page *src, enum migrate_mode mode);
	void (*putback_page)(struct page *page);
};

int set_movable_ops(struct page *page, const struct movable_operations *ops);

#endif
