/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BUG_H
#define _LINUX_BUG_H

#include <linux/compiler.h>

void warn_here(const char *file, int line);

#define BUG() __builtin_trap()
#define BUG_ON(condition) do { if (unlikely(condition)) BUG(); } while (0)

#define WARN_ON(condition) ({			\
	int __warned = !!(condition);		\
						\
	if (unlikely(__warned))			\
		warn_here(__FILE__, __LINE__);	\
	unlikely(__warned);			\
})

#define WARN_ON_ONCE(condition) ({				\
	static int __told;					\
	int __once = !!(condition);				\
								\
	if (unlikely(__once && !__told)) {			\
		__told = 1;					\
		warn_here(__FILE__, __LINE__);			\
	}							\
	unlikely(__once);					\
})

#endif
