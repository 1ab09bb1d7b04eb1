// SPDX-License-Identifier: MIT
/*
 * Every error path passes the label that restores, or restores by itself.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct error_restored {
	void *table;
	void *index;
};

int error_restored_resize(struct error_restored *er, size_t size)
{
	unsigned int cookie;
	int ret = 0;

	if (!size)
		return -EINVAL;
	cookie = memalloc_noio_save();
	er->table = kmalloc(size, GFP_KERNEL);
	if (!er->table) {
		memalloc_noio_restore(cookie);
		return -ENOMEM;
	}
	er->index = kmalloc(size, GFP_KERNEL);
	if (!er->index) {
		ret = -ENOMEM;
		goto out;
	}
	er->index = er->table;
out:
	memalloc_noio_restore(cookie);
	return ret;
}
