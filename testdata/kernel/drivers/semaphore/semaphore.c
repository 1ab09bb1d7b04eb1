// SPDX-License-Identifier: MIT
/*
 * A counting semaphore used as a lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/semaphore.h>
#include <linux/slab.h>

struct semaphore_pool {
	struct semaphore sem;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int semaphore_pool_add(struct semaphore_pool *pool)
{
	unsigned long addr;

	down(&pool->sem);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct semaphore_pool.sem */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	up(&pool->sem);
	return addr ? 0 : -ENOMEM;
}

static int semaphore_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct semaphore_pool *pool = container_of(nb, struct semaphore_pool, oom_nb);
	unsigned long *freed = data;

	down(&pool->sem);	/* want-callback: struct semaphore_pool.sem */
	*freed += pool->nr_spare;
	up(&pool->sem);
	return NOTIFY_OK;
}

int semaphore_pool_start(struct semaphore_pool *pool)
{
	sema_init(&pool->sem, 1);
	pool->oom_nb.notifier_call = semaphore_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
