// SPDX-License-Identifier: MIT
/*
 * On one path to the restore the cookie was never set.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

void *scope_unset_alloc(size_t size, bool nofs)
{
	unsigned int cookie;
	void *memory;

	if (nofs)
		cookie = memalloc_nofs_save();
	memory = kmalloc(size, GFP_KERNEL);
	memalloc_nofs_restore(cookie);	/* want GFP006; at memalloc_nofs_restore */
	return memory;
}
