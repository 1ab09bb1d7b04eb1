// SPDX-License-Identifier: MIT
/*
 * Two scopes of one sort: the outer one is left first.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

void *scope_order_alloc(size_t size)
{
	unsigned int outer = memalloc_noio_save();
	unsigned int inner = memalloc_noio_save();
	void *memory = kmalloc(size, GFP_KERNEL);

	memalloc_noio_restore(outer);	/* want GFP006 */
	memalloc_noio_restore(inner);
	return memory;
}
