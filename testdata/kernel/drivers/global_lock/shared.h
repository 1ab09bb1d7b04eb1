/* SPDX-License-Identifier: MIT */
#ifndef _SHARED_PAGES_H
#define _SHARED_PAGES_H

#include <linux/mutex.h>

extern struct mutex shared_pages_lock;
extern unsigned long shared_pages_count;

unsigned long shared_pages_give_back(void);
int shared_pages_add(void);

#endif
