// SPDX-License-Identifier: MIT
/*
 * The helper returns only without the lock: if it could be taken, BUG_ON() stops the kernel.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct refused {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void refused_enter(struct refused *pool)
{
	BUG_ON(mutex_trylock(&pool->lock));
}

int refused_fill(struct refused *pool)
{
	unsigned long addr;

	refused_enter(pool);
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	return addr ? 0 : -ENOMEM;
}

static int refused_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct refused *pool = container_of(nb, struct refused, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct refused.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int refused_start(struct refused *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = refused_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
