/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/gfp.h>
#include <linux/mm_types.h>

#define PAGE_SIZE 4096UL
#define PAGE_ALLOC_COSTLY_ORDER 3

void put_page(struct page *page);
int trylock_page(struct page *page);
void unlock_page(struct page *page);

#endif
