// SPDX-License-Identifier: MIT
/*
 * The other file: it allocates under the shared mutex.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

#include "shared.h"

int shared_pages_add(void)
{
	void *entry;

	mutex_lock(&shared_pages_lock);	/* want-taken: shared_pages_lock */
	entry = kmalloc(64, GFP_KERNEL);	/* want GFP001: shared_pages_lock */
	if (entry)
		shared_pages_count++;
	mutex_unlock(&shared_pages_lock);
	return entry ? 0 : -ENOMEM;
}

MODULE_LICENSE("MIT");
