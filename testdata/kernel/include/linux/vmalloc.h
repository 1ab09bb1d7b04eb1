/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_VMALLOC_H
#define _LINUX_VMALLOC_H

#include <linux/gfp.h>

void *vmalloc_noprof(unsigned long size);
#define vmalloc(...) alloc_hooks(vmalloc_noprof(__VA_ARGS__))
void *vzalloc_noprof(unsigned long size);
#define vzalloc(...) alloc_hooks(vzalloc_noprof(__VA_ARGS__))
void vfree(const void *addr);

#endif
