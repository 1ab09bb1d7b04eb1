// SPDX-License-Identifier: MIT
/*
 * The compiler restores at the end of the block, on every way out of it.
 */
#include <linux/cleanup.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

DEFINE_LOCK_GUARD_0(cleanup_nofs, _T->cookie = memalloc_nofs_save(),
		    memalloc_nofs_restore(_T->cookie), unsigned int cookie)
DEFINE_FREE(cleanup_noio, unsigned int, memalloc_noio_restore(_T))

static inline void cleanup_put(unsigned int *cookie)
{
	memalloc_noreclaim_restore(*cookie);
}

int cleanup_guard(void **where)
{
	guard(cleanup_nofs)();
	*where = kmalloc(64, GFP_KERNEL);
	if (!*where)
		return -ENOMEM;
	return 0;
}

int cleanup_free(void **where)
{
	unsigned int cookie __free(cleanup_noio) = memalloc_noio_save();

	*where = kmalloc(64, GFP_KERNEL);
	if (!*where)
		return -ENOMEM;
	return 0;
}

int cleanup_attribute(void **where)
{
	unsigned int cookie __cleanup(cleanup_put) = memalloc_noreclaim_save();

	*where = kmalloc(64, GFP_KERNEL);
	if (!*where)
		return -ENOMEM;
	return 0;
}
