/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H

#include <linux/types.h>
#include <linux/kernel.h>

typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);

#define EXPORT_SYMBOL(sym) extern const void *const __export_##sym
#define EXPORT_SYMBOL_GPL(sym) EXPORT_SYMBOL(sym)
#define MODULE_LICENSE(text) static const char __module_license[] __maybe_unused = text
#define module_init(f) static const initcall_t __initcall __maybe_unused = f
#define module_exit(f) static const exitcall_t __exitcall __maybe_unused = f

#endif
