// SPDX-License-Identifier: MIT
/*
 * Each round restores; and a scope that opens in one round and closes in another
 * is tied to a flag.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

int loop_balanced_fill(void **table, int count)
{
	int i, missing = 0;

	for (i = 0; i < count; i++) {
		unsigned int cookie = memalloc_nofs_save();

		table[i] = kmalloc(64, GFP_KERNEL);
		memalloc_nofs_restore(cookie);
		if (!table[i]) {
			missing++;
			continue;
		}
	}
	return missing;
}

void loop_balanced_walk(void **table, const bool *narrow, int count)
{
	unsigned int cookie = 0;
	bool inside = false;
	int i;

	for (i = 0; i < count; i++) {
		if (narrow[i] != inside) {
			inside = !inside;
			if (inside)
				cookie = memalloc_noreclaim_save();
			else
				memalloc_noreclaim_restore(cookie);
		}
		table[i] = kmalloc(64, GFP_KERNEL);
	}
	if (inside)
		memalloc_noreclaim_restore(cookie);
}
