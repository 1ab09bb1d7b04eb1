// SPDX-License-Identifier: MIT
/*
 * A lookup returns its object locked; the caller allocates and unlocks.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct held_back {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static struct held_back *the_pool;

static struct held_back *held_back_get_locked(void)
{
	struct held_back *pool = the_pool;

	mutex_lock(&pool->lock);	/* want-taken: struct held_back.lock */
	return pool;
}

int held_back_add(void)
{
	struct held_back *pool = held_back_get_locked();	/* want-taken: struct held_back.lock */
	unsigned long addr;

	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct held_back.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int held_back_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct held_back *pool = container_of(nb, struct held_back, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct held_back.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int held_back_start(struct held_back *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = held_back_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
