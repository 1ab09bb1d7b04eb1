// SPDX-License-Identifier: MIT
/*
 * The flag is set by hand: for good, for the caller to clear, or as it was before.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

bool by_hand_restored_prepare(bool swapper)
{
	if (!swapper)
		return false;
	current->flags |= PF_MEMALLOC;	/* the caller clears it */
	return true;
}

int by_hand_restored_tested(void **where)
{
	unsigned int old = current->flags & PF_MEMALLOC;

	current->flags |= PF_MEMALLOC;
	*where = kmalloc(64, GFP_KERNEL);
	if (!old)
		current->flags &= ~PF_MEMALLOC;
	return 0;
}

int by_hand_restored_whole(void **where)
{
	unsigned int old = current->flags;

	current->flags |= PF_MEMALLOC | PF_MEMALLOC_NOFS;
	*where = kmalloc(64, GFP_KERNEL);
	if (!*where) {
		current->flags = old;
		return -ENOMEM;
	}
	current->flags &= ~(PF_MEMALLOC | PF_MEMALLOC_NOFS);
	return 0;
}
