// SPDX-License-Identifier: MIT
/*
 * __free() with an unlocking function keeps the lock until the end of the scope: the allocation
 * before that is under it, and the one in the caller isn't.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct claimed_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static struct claimed_pool *claimed_pool_claim(struct claimed_pool *pool)
{
	mutex_lock(&pool->lock);
	return pool;
}

static void claimed_pool_release(struct claimed_pool *pool)
{
	mutex_unlock(&pool->lock);
}

DEFINE_FREE(claimed_pool_release, struct claimed_pool *, if (_T) claimed_pool_release(_T))

static int claimed_pool_add(struct claimed_pool *pool)
{
	struct claimed_pool *claimed __free(claimed_pool_release) = claimed_pool_claim(pool);
	unsigned long addr;

	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct claimed_pool.lock */
	if (!addr)
		return -ENOMEM;
	claimed->spare[claimed->nr_spare++] = addr;
	return 0;
}

int claimed_pool_add_two(struct claimed_pool *pool)
{
	void *table;
	int err = claimed_pool_add(pool);

	table = kzalloc(64, GFP_KERNEL);
	kfree(table);
	return err;
}

static int claimed_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct claimed_pool *pool = container_of(nb, struct claimed_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct claimed_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int claimed_pool_start(struct claimed_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = claimed_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
