/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H

#include <linux/types.h>

#define PF_MEMALLOC_PIN 0x00000010
#define PF_MEMALLOC_NOFS 0x00000200
#define PF_MEMALLOC_NOIO 0x00000400
#define PF_MEMALLOC 0x00008000

struct task_struct {
	unsigned int flags;
	int pid;
};

struct task_struct *get_current(void);
#define current get_current()

void schedule(void);
void msleep(unsigned int msecs);

#endif
