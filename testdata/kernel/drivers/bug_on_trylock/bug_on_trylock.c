// SPDX-License-Identifier: MIT
/*
 * The helper returns only with the lock: if it is not to be had, BUG_ON() stops the kernel.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct insisted {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void insisted_enter(struct insisted *pool)
{
	BUG_ON(!mutex_trylock(&pool->lock));
}

int insisted_fill(struct insisted *pool)
{
	unsigned long addr;

	insisted_enter(pool);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct insisted.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int insisted_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct insisted *pool = container_of(nb, struct insisted, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct insisted.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int insisted_start(struct insisted *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = insisted_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
