// SPDX-License-Identifier: MIT
#include <linux/kernel.h>

void start_kernel(void);

void start_kernel(void)
{
	pr_info("hello\n");
}
