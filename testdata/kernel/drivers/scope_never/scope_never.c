// SPDX-License-Identifier: MIT
/*
 * Nobody restores, and nobody else is given the cookie.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

int scope_never_fill(void **where)
{
	unsigned int cookie = memalloc_noreclaim_save();	/* want GFP006 */

	(void)cookie;
	*where = kmalloc(64, GFP_KERNEL);
	return *where ? 0 : -ENOMEM;
}
