// SPDX-License-Identifier: MIT
/*
 * Scopes inside each other; those of different sorts may end in any order, since each has
 * a flag of its own.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

void *scope_nested_alloc(size_t size)
{
	unsigned int outer = memalloc_noio_save();
	unsigned int inner = memalloc_noio_save();
	void *memory = kmalloc(size, GFP_KERNEL);

	memalloc_noio_restore(inner);
	memalloc_noio_restore(outer);
	return memory;
}

void *scope_nested_crossed(size_t size)
{
	unsigned int nofs = memalloc_nofs_save();
	unsigned int noreclaim = memalloc_noreclaim_save();
	void *memory = kmalloc(size, GFP_KERNEL);

	memalloc_nofs_restore(nofs);
	memalloc_noreclaim_restore(noreclaim);
	return memory;
}
