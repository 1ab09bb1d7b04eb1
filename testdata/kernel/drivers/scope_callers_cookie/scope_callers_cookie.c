// SPDX-License-Identifier: MIT
/*
 * What the caller saved is restored here, on some paths only.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

int callers_cookie_step(void **where, unsigned int cookie)
{
	*where = kmalloc(64, GFP_KERNEL);
	if (!*where)
		return -ENOMEM;
	memalloc_nofs_restore(cookie);
	return 0;
}

int callers_cookie_all(void **where)
{
	unsigned int cookie = memalloc_nofs_save();
	int ret = callers_cookie_step(where, cookie);

	if (ret)
		memalloc_nofs_restore(cookie);
	return ret;
}
