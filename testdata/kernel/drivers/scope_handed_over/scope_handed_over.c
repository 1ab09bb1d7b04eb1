// SPDX-License-Identifier: MIT
/*
 * Whoever is given the cookie restores: a struct, a pointer, a callee, a caller.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct handed_over {
	struct mutex lock;
	unsigned int cookie;
};

void handed_over_finish(struct handed_over *ho, unsigned int cookie);

void handed_over_lock(struct handed_over *ho)
{
	mutex_lock(&ho->lock);
	ho->cookie = memalloc_noreclaim_save();
}

void handed_over_unlock(struct handed_over *ho)
{
	memalloc_noreclaim_restore(ho->cookie);
	mutex_unlock(&ho->lock);
}

bool handed_over_trylock(struct handed_over *ho)
{
	unsigned int cookie;

	if (!mutex_trylock(&ho->lock))
		return false;
	cookie = memalloc_noreclaim_save();
	ho->cookie = cookie;
	return true;
}

void handed_over_enter(unsigned int *cookie)
{
	*cookie = memalloc_nofs_save();
}

void handed_over_leave(unsigned int cookie)
{
	memalloc_nofs_restore(cookie);
}

void *handed_over_pass(struct handed_over *ho)
{
	unsigned int cookie = memalloc_nofs_save();
	void *memory = kmalloc(64, GFP_KERNEL);

	handed_over_finish(ho, cookie);
	return memory;
}

void *handed_over_use(void)
{
	unsigned int cookie;
	void *memory;

	handed_over_enter(&cookie);
	memory = kmalloc(64, GFP_KERNEL);
	memalloc_nofs_restore(cookie);
	return memory;
}

void *handed_over_array(void **table, unsigned int *cookies, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		cookies[i] = memalloc_nofs_save();
		table[i] = kmalloc(64, GFP_KERNEL);
	}
	return table[0];
}
