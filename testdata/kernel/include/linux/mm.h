/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/gfp.h>
#include <linux/mm_types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_ALLOC_COSTLY_ORDER 3

#define VM_WRITE	0x00000002
#define VM_GROWSDOWN	0x00000100
#define VM_LOCKED	0x00002000

int get_order(unsigned long size);
void put_page(struct page *page);
void get_page(struct page *page);
void *page_address(const struct page *page);

bool trylock_page(struct page *page);
void lock_page(struct page *page);
void unlock_page(struct page *page);

void mmap_read_lock(struct mm_struct *mm);
void mmap_read_unlock(struct mm_struct *mm);

void *kvmalloc_node_noprof(size_t size, gfp_t flags, int node);
#define kvmalloc(_size, _flags) alloc_hooks(kvmalloc_node_noprof(_size, _flags, -1))
#define kvzalloc(_size, _flags) kvmalloc(_size, (_flags) | __GFP_ZERO)
void kvfree(const void *addr);

#endif
