/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_GFP_H
#define _LINUX_GFP_H

#include <linux/gfp_types.h>
#include <linux/alloc_tag.h>

struct page;

static inline bool gfpflags_allow_blocking(const gfp_t flags)
{
	return (flags & __GFP_DIRECT_RECLAIM) != 0;
}

struct page *__alloc_pages_noprof(gfp_t gfp, unsigned int order, int nid);
#define __alloc_pages(...) alloc_hooks(__alloc_pages_noprof(__VA_ARGS__))

static inline struct page *alloc_pages_node_noprof(int nid, gfp_t gfp, unsigned int order)
{
	return __alloc_pages_noprof(gfp, order, nid);
}
#define alloc_pages_node(...) alloc_hooks(alloc_pages_node_noprof(__VA_ARGS__))

static inline struct page *alloc_pages_noprof(gfp_t gfp, unsigned int order)
{
	return alloc_pages_node_noprof(0, gfp, order);
}
#define alloc_pages(...) alloc_hooks(alloc_pages_noprof(__VA_ARGS__))
#define alloc_page(gfp) alloc_pages(gfp, 0)

unsigned long get_free_pages_noprof(gfp_t gfp, unsigned int order);
#define __get_free_pages(...) alloc_hooks(get_free_pages_noprof(__VA_ARGS__))
#define __get_free_page(gfp) __get_free_pages(gfp, 0)

unsigned long get_zeroed_page_noprof(gfp_t gfp);
#define get_zeroed_page(...) alloc_hooks(get_zeroed_page_noprof(__VA_ARGS__))

void __free_pages(struct page *page, unsigned int order);
void free_pages(unsigned long addr, unsigned int order);
#define __free_page(page) __free_pages(page, 0)
#define free_page(addr) free_pages(addr, 0)

#endif
