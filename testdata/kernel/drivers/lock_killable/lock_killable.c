// SPDX-License-Identifier: MIT
/*
 * The same for a killable one, tested in the other sense and through a local.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct kill_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int kill_pool_add(struct kill_pool *pool)
{
	unsigned long addr = 0;
	int ret = mutex_lock_killable(&pool->lock);

	if (ret == 0) {
		addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct kill_pool.lock */
		mutex_unlock(&pool->lock);
	} else {
		addr = get_zeroed_page(GFP_KERNEL);
	}
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	return addr ? 0 : -ENOMEM;
}

static int kill_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct kill_pool *pool = container_of(nb, struct kill_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct kill_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int kill_pool_start(struct kill_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = kill_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
