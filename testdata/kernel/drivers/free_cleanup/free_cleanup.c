// SPDX-License-Identifier: MIT
/*
 * __free() calls a function of the driver when the variable goes out of scope: it takes and drops
 * the lock, and what is allocated next to it holds nothing.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/string.h>

struct freed_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void freed_pool_put(struct freed_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->nr_spare--;
	mutex_unlock(&pool->lock);
}

DEFINE_FREE(freed_pool_put, struct freed_pool *, if (_T) freed_pool_put(_T))

int freed_pool_report(struct freed_pool *pool)
{
	struct freed_pool *user __free(freed_pool_put) = pool;
	char *text __free(kfree) = kasprintf(GFP_KERNEL, "%u spare", user->nr_spare);

	if (!text)
		return -ENOMEM;
	pr_info("%s\n", text);
	return 0;
}

static int freed_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct freed_pool *pool = container_of(nb, struct freed_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct freed_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int freed_pool_start(struct freed_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = freed_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
