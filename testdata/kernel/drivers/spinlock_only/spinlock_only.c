// SPDX-License-Identifier: MIT
/*
 * A spinlock that the notifier takes isn't something that a sleeping allocation may wait under;
 * such code is broken in another way, which isn't this rule's to tell.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

struct spinning {
	spinlock_t lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int spinning_add(struct spinning *pool)
{
	unsigned long addr;

	addr = __get_free_page(GFP_KERNEL);
	spin_lock(&pool->lock);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	spin_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int spinning_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct spinning *pool = container_of(nb, struct spinning, oom_nb);
	unsigned long *freed = data;

	spin_lock(&pool->lock);
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	spin_unlock(&pool->lock);
	return NOTIFY_OK;
}

int spinning_start(struct spinning *pool)
{
	spin_lock_init(&pool->lock);
	pool->oom_nb.notifier_call = spinning_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
