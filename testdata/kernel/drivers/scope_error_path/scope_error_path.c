// SPDX-License-Identifier: MIT
/*
 * An error path returns inside the scope.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct error_path {
	void *table;
};

int error_path_resize(struct error_path *ep, size_t size)
{
	unsigned int cookie = memalloc_noio_save();	/* want GFP006; at memalloc_noio_save */

	ep->table = kmalloc(size, GFP_KERNEL);
	if (!ep->table)
		return -ENOMEM;
	memalloc_noio_restore(cookie);
	return 0;
}
