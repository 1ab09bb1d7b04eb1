// SPDX-License-Identifier: MIT
/*
 * Save and restore depend on the same: a parameter, bits of a mask, a field, an answer
 * that is asked for twice.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct condition_same {
	bool swapper;
	int mode;
};

bool condition_same_busy(struct condition_same *cs);

void *condition_same_alloc(size_t size, bool nofs)
{
	unsigned int cookie;
	void *memory;

	if (nofs)
		cookie = memalloc_nofs_save();
	memory = kmalloc(size, GFP_KERNEL);
	if (nofs)
		memalloc_nofs_restore(cookie);
	return memory;
}

void *condition_same_mask(size_t size, gfp_t mask)
{
	unsigned int cookie;
	void *memory;

	if ((mask & (__GFP_FS | __GFP_IO)) == __GFP_IO)
		cookie = memalloc_nofs_save();
	else if ((mask & (__GFP_FS | __GFP_IO)) == 0)
		cookie = memalloc_noio_save();
	memory = kmalloc(size, GFP_KERNEL);
	if ((mask & (__GFP_FS | __GFP_IO)) == __GFP_IO)
		memalloc_nofs_restore(cookie);
	else if ((mask & (__GFP_FS | __GFP_IO)) == 0)
		memalloc_noio_restore(cookie);
	return memory;
}

void *condition_same_field(struct condition_same *cs, size_t size)
{
	unsigned int cookie;
	bool entered = false;
	void *memory;

	if (cs->swapper && cs->mode == 2) {
		cookie = memalloc_noreclaim_save();
		entered = true;
	}
	memory = kmalloc(size, GFP_KERNEL);
	if (entered)
		memalloc_noreclaim_restore(cookie);
	return memory;
}

void *condition_same_answer(struct condition_same *cs, size_t size)
{
	unsigned int cookie;
	void *memory;

	if (cs->swapper && condition_same_busy(cs))
		cookie = memalloc_noreclaim_save();
	memory = kmalloc(size, GFP_KERNEL);
	if (cs->swapper && condition_same_busy(cs))
		memalloc_noreclaim_restore(cookie);
	return memory;
}
