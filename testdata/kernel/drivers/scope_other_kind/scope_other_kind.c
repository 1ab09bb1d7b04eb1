// SPDX-License-Identifier: MIT
/*
 * Each of two cookies is given to the restore of the other scope.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

void *other_kind_alloc(size_t size)
{
	unsigned int nofs = memalloc_nofs_save();
	unsigned int noio = memalloc_noio_save();
	void *memory = kmalloc(size, GFP_KERNEL);

	memalloc_noio_restore(nofs);	/* want GFP006 */
	memalloc_nofs_restore(noio);	/* want GFP006 */
	return memory;
}
