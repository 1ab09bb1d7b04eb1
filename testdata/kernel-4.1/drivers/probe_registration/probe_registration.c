// SPDX-License-Identifier: MIT
/*
 * The callback is stored at probe time, field by field, through a pointer to the block.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct probed {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int probed_add(struct probed *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct probed.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int probed_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct probed *pool = container_of(nb, struct probed, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct probed.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int probed_probe(struct probed *pool)
{
	struct notifier_block *nb = &pool->oom_nb;

	mutex_init(&pool->lock);
	nb->notifier_call = probed_oom_notify;
	nb->priority = 80;
	return register_oom_notifier(nb);
}

MODULE_LICENSE("MIT");
