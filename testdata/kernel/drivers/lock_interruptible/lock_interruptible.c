// SPDX-License-Identifier: MIT
/*
 * An interruptible lock is held where the call returned 0.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct intr_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int intr_pool_add(struct intr_pool *pool)
{
	unsigned long addr;
	int err;

	err = mutex_lock_interruptible(&pool->lock);	/* want-taken: struct intr_pool.lock */
	if (err)
		return err;
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct intr_pool.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int intr_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct intr_pool *pool = container_of(nb, struct intr_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct intr_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int intr_pool_start(struct intr_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = intr_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
