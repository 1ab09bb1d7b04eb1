// SPDX-License-Identifier: MIT
/*
 * Held for reading, and the notifier wants to write.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

struct rwsem_read_write_pool {
	struct rw_semaphore sem;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int rwsem_read_write_pool_add(struct rwsem_read_write_pool *pool)
{
	unsigned long addr;

	down_read(&pool->sem);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct rwsem_read_write_pool.sem */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	up_read(&pool->sem);
	return addr ? 0 : -ENOMEM;
}

static int rwsem_read_write_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct rwsem_read_write_pool *pool = container_of(nb, struct rwsem_read_write_pool, oom_nb);
	unsigned long *freed = data;

	down_write(&pool->sem);	/* want-callback: struct rwsem_read_write_pool.sem */
	*freed += pool->nr_spare;
	up_write(&pool->sem);
	return NOTIFY_OK;
}

int rwsem_read_write_pool_start(struct rwsem_read_write_pool *pool)
{
	init_rwsem(&pool->sem);
	pool->oom_nb.notifier_call = rwsem_read_write_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
