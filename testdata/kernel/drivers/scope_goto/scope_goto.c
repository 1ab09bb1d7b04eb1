// SPDX-License-Identifier: MIT
/*
 * One of two labels restores; an error path jumps to the other.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

int scope_goto_fill(void **first, void **second)
{
	unsigned int cookie = memalloc_nofs_save();	/* want GFP006 */
	int ret = -ENOMEM;

	*first = kmalloc(64, GFP_KERNEL);
	if (!*first)
		goto out;
	*second = kmalloc(64, GFP_KERNEL);
	if (!*second)
		goto out_free;
	ret = 0;
	goto out;
out_free:
	kfree(*first);
	return ret;
out:
	memalloc_nofs_restore(cookie);
	return ret;
}
