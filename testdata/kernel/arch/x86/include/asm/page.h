/* SPDX-License-Identifier: MIT */
#ifndef _ASM_X86_PAGE_H
#define _ASM_X86_PAGE_H

#include <linux/mm.h>

static inline unsigned long arch_page_size(void)
{
	return PAGE_SIZE;
}

#endif
