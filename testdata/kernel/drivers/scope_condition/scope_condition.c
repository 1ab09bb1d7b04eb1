// SPDX-License-Identifier: MIT
/*
 * The restore depends on a condition that the save does not depend on.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

void *condition_alloc(size_t size, bool nofs, bool quiet)
{
	unsigned int cookie = 0;
	void *memory;

	if (nofs)
		cookie = memalloc_nofs_save();	/* want GFP006 */
	memory = kmalloc(size, GFP_KERNEL);
	if (quiet)
		memalloc_nofs_restore(cookie);
	return memory;
}
