/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MM_TYPES_H
#define _LINUX_MM_TYPES_H

#include <linux/types.h>
#include <linux/rwsem.h>

struct page {
	unsigned long flags;
	struct list_head lru;
	unsigned long private;
};

struct mm_struct {
	struct rw_semaphore mmap_lock;
	unsigned long total_vm;
};

struct file;

struct vm_area_struct {
	struct mm_struct *vm_mm;
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	struct file *vm_file;
};

#endif
