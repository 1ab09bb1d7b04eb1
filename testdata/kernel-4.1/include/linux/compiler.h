/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H

#include <linux/kconfig.h>

/* Only a checker looks at these. */
#define __bitwise
#define __force
#define __user
#define __iomem
#define __rcu
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)

#define __init __attribute__((__section__(".init.text")))
#define __exit __attribute__((__section__(".exit.text")))
#define __read_mostly
#define __maybe_unused __attribute__((__unused__))
#define __must_check __attribute__((__warn_unused_result__))
#define __always_inline inline __attribute__((__always_inline__))
#define noinline __attribute__((__noinline__))
#define __printf(a, b) __attribute__((__format__(printf, a, b)))
#define __malloc __attribute__((__malloc__))
#define __cleanup(f) __attribute__((__cleanup__(f)))
#define fallthrough __attribute__((__fallthrough__))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val) do { *(volatile __typeof__(x) *)&(x) = (val); } while (0)

#define barrier() __asm__ __volatile__("" : : : "memory")

#define __glue2(a, b) a##b
#define __glue(a, b) __glue2(a, b)
#define __UNIQUE_ID(prefix) __glue(prefix, __COUNTER__)

#endif
