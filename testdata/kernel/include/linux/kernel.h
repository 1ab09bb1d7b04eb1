/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KERNEL_H
#define _LINUX_KERNEL_H

#include <linux/types.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/container_of.h>
#include <linux/printk.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))

#define min(a, b) ({				\
	__auto_type __a = (a);			\
	__auto_type __b = (b);			\
						\
	__a < __b ? __a : __b;			\
})

#define max(a, b) ({				\
	__auto_type __a = (a);			\
	__auto_type __b = (b);			\
						\
	__a > __b ? __a : __b;			\
})

void might_sleep(void);
__printf(1, 2) void panic(const char *fmt, ...);

#endif
