/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PERCPU_H
#define _LINUX_PERCPU_H

#include <linux/gfp.h>

void *pcpu_alloc_noprof(size_t size, size_t align, bool reserved, gfp_t gfp);
#define alloc_percpu(type) \
	((type *)alloc_hooks(pcpu_alloc_noprof(sizeof(type), __alignof__(type), false, GFP_KERNEL)))
void free_percpu(void *p);

#endif
