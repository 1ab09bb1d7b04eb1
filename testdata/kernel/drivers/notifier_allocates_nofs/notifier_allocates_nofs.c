// SPDX-License-Identifier: MIT
/*
 * GFP_NOIO blocks as well: with oom_lock held the allocation can only spin.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct chatty_noio {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int chatty_noio_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct chatty_noio *pool = container_of(nb, struct chatty_noio, oom_nb);
	unsigned long *freed = data;
	void *list = kmalloc_array(16, sizeof(long), GFP_NOIO);	/* want GFP002 */

	kfree(list);
	*freed += pool->nr_spare;
	return NOTIFY_OK;
}

int chatty_noio_start(struct chatty_noio *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = chatty_noio_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
