// SPDX-License-Identifier: MIT
/*
 * A round of the loop goes on without the restore; the next one saves again.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

int scope_loop_fill(void **table, int count)
{
	unsigned int cookie;
	int i, missing = 0;

	for (i = 0; i < count; i++) {
		cookie = memalloc_nofs_save();	/* want GFP006 */
		table[i] = kmalloc(64, GFP_KERNEL);
		if (!table[i]) {
			missing++;
			continue;
		}
		memalloc_nofs_restore(cookie);
	}
	return missing;
}
