/* SPDX-License-Identifier: MIT */
#ifndef FOREIGN_LOCK_BUS_H
#define FOREIGN_LOCK_BUS_H

#include <linux/list.h>
#include <linux/mutex.h>

/* The lock of all on the bus: whoever adds, names or removes a card holds it. */
extern struct mutex foreign_bus_lock;

struct foreign_slot {
	struct mutex lock;
	void *name;
	void *log;
};

#endif
