/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H

#include <linux/types.h>

#define PF_MEMALLOC 0x00000800
#define PF_MEMALLOC_NOIO 0x00080000

struct task_struct {
	unsigned int flags;
};

struct task_struct *get_current(void);
#define current get_current()

void schedule(void);

static inline unsigned int memalloc_noio_save(void)
{
	unsigned int before = current->flags & PF_MEMALLOC_NOIO;

	current->flags |= PF_MEMALLOC_NOIO;
	return before;
}

static inline void memalloc_noio_restore(unsigned int flags)
{
	current->flags = (current->flags & ~PF_MEMALLOC_NOIO) | flags;
}

#endif
