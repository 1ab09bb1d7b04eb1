// SPDX-License-Identifier: MIT
/*
 * A successful trylock holds the lock like any other; the else branch holds nothing. Only the
 * notifier's side has to wait for the cycle to close.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct try_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int try_pool_add(struct try_pool *pool)
{
	unsigned long addr;

	if (!mutex_trylock(&pool->lock)) {
		addr = __get_free_page(GFP_KERNEL);
		free_page(addr);
		return -EBUSY;
	}
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct try_pool.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int try_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct try_pool *pool = container_of(nb, struct try_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct try_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int try_pool_start(struct try_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = try_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
