/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BALLOON_COMPACTION_H
#define _LINUX_BALLOON_COMPACTION_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

struct balloon_dev_info {
	spinlock_t pages_lock;
	struct list_head pages;
};

/* Allocates a page and puts it on the device's list. */
struct page *balloon_page_enqueue(struct balloon_dev_info *b_dev_info);
struct page *balloon_page_dequeue(struct balloon_dev_info *b_dev_info);

#ifdef CONFIG_BALLOON_COMPACTION
static inline gfp_t balloon_mapping_gfp_mask(void)
{
	return GFP_HIGHUSER_MOVABLE;
}
#else
static inline gfp_t balloon_mapping_gfp_mask(void)
{
	return GFP_HIGHUSER;
}
#endif

#endif
