// SPDX-License-Identifier: MIT
/*
 * Any flags, by one pair of functions; any restore may end such a scope.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

int scope_flags_good(void **where)
{
	unsigned int cookie = memalloc_flags_save(PF_MEMALLOC | PF_MEMALLOC_NOFS);

	*where = kmalloc(64, GFP_KERNEL);
	memalloc_noreclaim_restore(cookie);
	return *where ? 0 : -ENOMEM;
}

int scope_flags_bad(void **where)
{
	unsigned int cookie = memalloc_flags_save(PF_MEMALLOC);	/* want GFP006 */

	*where = kmalloc(64, GFP_KERNEL);
	if (!*where)
		return -ENOMEM;
	memalloc_flags_restore(cookie);
	return 0;
}
