// SPDX-License-Identifier: MIT
/*
 * The allocation stands right under the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct one_deep {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int one_deep_add(struct one_deep *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);	/* want-taken: struct one_deep.lock */
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct one_deep.lock; ways self retry reclaim; bits __GFP_DIRECT_RECLAIM __GFP_IO __GFP_FS !__GFP_NORETRY */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int one_deep_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct one_deep *pool = container_of(nb, struct one_deep, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct one_deep.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int one_deep_start(struct one_deep *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = one_deep_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
