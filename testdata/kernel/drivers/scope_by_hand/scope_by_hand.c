// SPDX-License-Identifier: MIT
/*
 * The flag is set by hand; one path of the same function clears it, the other doesn't.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

int by_hand_fill(void **where)
{
	current->flags |= PF_MEMALLOC;	/* want GFP006; at current */
	*where = kmalloc(64, GFP_KERNEL);
	if (!*where)
		return -ENOMEM;
	current->flags &= ~PF_MEMALLOC;
	return 0;
}
