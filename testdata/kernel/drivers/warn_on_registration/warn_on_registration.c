// SPDX-License-Identifier: MIT
/*
 * The notifier is registered inside WARN_ON(), and its block is deep in a nested struct.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct warned {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct {
		struct notifier_block notifier;
		bool armed;
	} oom;
};

int warned_add(struct warned *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct warned.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int warned_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct warned *pool = container_of(nb, struct warned, oom.notifier);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct warned.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

void warned_start(struct warned *pool)
{
	mutex_init(&pool->lock);
	pool->oom.notifier.notifier_call = warned_oom_notify;
	WARN_ON(register_oom_notifier(&pool->oom.notifier));
	pool->oom.armed = true;
}

MODULE_LICENSE("MIT");
