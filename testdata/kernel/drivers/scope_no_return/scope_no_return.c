// SPDX-License-Identifier: MIT
/*
 * Who never comes back need not restore.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

int no_return_fill(void **where, int mode)
{
	unsigned int cookie = memalloc_nofs_save();

	*where = kmalloc(64, GFP_KERNEL);
	switch (mode) {
	case 0:
		break;
	case 1:
		kfree(*where);
		*where = NULL;
		break;
	default:
		BUG();
	}
	memalloc_nofs_restore(cookie);
	return 0;
}

int no_return_thread(void *data)
{
	memalloc_noreclaim_save();
	for (;;)
		kfree(kmalloc(64, GFP_KERNEL));
	return 0;
}
