// SPDX-License-Identifier: MIT
/*
 * An #ifdef whose arms share a brace: the chosen arm decides what is under the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct brace_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int brace_pool_add(struct brace_pool *pool, unsigned int n)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
#ifdef CONFIG_SLOW_PROBE
	if (n > 1) {
#else
	if (n > 2) {
		pool->nr_spare = 0;
#endif
		addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct brace_pool.lock */
		if (addr)
			pool->spare[pool->nr_spare++] = addr;
	}
	mutex_unlock(&pool->lock);
	return 0;
}

static int brace_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct brace_pool *pool = container_of(nb, struct brace_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct brace_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int brace_pool_start(struct brace_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = brace_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
