// SPDX-License-Identifier: MIT
/*
 * The same driver without a registration: nobody calls this notifier when memory is short.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct unregistered {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int unregistered_add(struct unregistered *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int unregistered_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct unregistered *pool = container_of(nb, struct unregistered, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

void unregistered_start(struct unregistered *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = unregistered_oom_notify;
}

MODULE_LICENSE("MIT");
