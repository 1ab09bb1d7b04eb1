// SPDX-License-Identifier: MIT
/*
 * The lock is taken in one statement expression, the allocation is in another.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct braced {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int braced_add(struct braced *pool)
{
	unsigned int room = ({
		mutex_lock(&pool->lock);
		ARRAY_SIZE(pool->spare) - pool->nr_spare;
	});
	unsigned long addr = 0;

	if (room)
		addr = ({
			unsigned long page = __get_free_page(GFP_KERNEL);	/* want GFP001: struct braced.lock */

			page ? page : 0;
		});
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int braced_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct braced *pool = container_of(nb, struct braced, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct braced.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int braced_start(struct braced *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = braced_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
