/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PRINTK_H
#define _LINUX_PRINTK_H

#include <linux/compiler.h>

__printf(1, 2) int printk(const char *fmt, ...);

#define pr_err(fmt, ...) printk("3" fmt, ##__VA_ARGS__)
#define pr_warn(fmt, ...) printk("4" fmt, ##__VA_ARGS__)
#define pr_info(fmt, ...) printk("6" fmt, ##__VA_ARGS__)

#endif
