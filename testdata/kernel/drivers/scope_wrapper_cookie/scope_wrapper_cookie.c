// SPDX-License-Identifier: MIT
/*
 * A helper enters the scope and returns the cookie; its caller forgets it on one path.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

static inline unsigned int wrapper_cookie_begin(struct mutex *lock)
{
	mutex_lock(lock);
	return memalloc_nofs_save();
}

static inline void wrapper_cookie_end(struct mutex *lock, unsigned int cookie)
{
	memalloc_nofs_restore(cookie);
	mutex_unlock(lock);
}

int wrapper_cookie_good(struct mutex *lock, void **where)
{
	unsigned int cookie = wrapper_cookie_begin(lock);

	*where = kmalloc(64, GFP_KERNEL);
	wrapper_cookie_end(lock, cookie);
	return *where ? 0 : -ENOMEM;
}

int wrapper_cookie_bad(struct mutex *lock, void **where)
{
	unsigned int cookie = wrapper_cookie_begin(lock);	/* want GFP006 */

	*where = kmalloc(64, GFP_KERNEL);
	if (!*where) {
		mutex_unlock(lock);
		return -ENOMEM;
	}
	wrapper_cookie_end(lock, cookie);
	return 0;
}
