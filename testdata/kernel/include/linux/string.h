/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H

#include <linux/types.h>
#include <linux/gfp.h>

void *memset(void *s, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);

char *kstrdup_noprof(const char *s, gfp_t gfp);
#define kstrdup(...) alloc_hooks(kstrdup_noprof(__VA_ARGS__))
void *kmemdup_noprof(const void *src, size_t len, gfp_t gfp);
#define kmemdup(...) alloc_hooks(kmemdup_noprof(__VA_ARGS__))
__printf(2, 3) char *kasprintf(gfp_t gfp, const char *fmt, ...);

#endif
