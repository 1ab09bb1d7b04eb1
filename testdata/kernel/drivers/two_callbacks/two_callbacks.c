// SPDX-License-Identifier: MIT
/*
 * Which callback is registered depends on the device: either may be called.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct either {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int either_add(struct either *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct either.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int either_quiet_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	return NOTIFY_DONE;
}

static int either_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct either *pool = container_of(nb, struct either, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct either.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int either_start(struct either *pool, bool deflate)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = deflate ? either_oom_notify : either_quiet_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
