// SPDX-License-Identifier: MIT
/*
 * A percpu rwsem, held for writing while the notifier wants to read.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/percpu-rwsem.h>
#include <linux/slab.h>

struct percpu_rwsem_pool {
	struct percpu_rw_semaphore sem;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int percpu_rwsem_pool_add(struct percpu_rwsem_pool *pool)
{
	unsigned long addr;

	percpu_down_write(&pool->sem);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct percpu_rwsem_pool.sem */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	percpu_up_write(&pool->sem);
	return addr ? 0 : -ENOMEM;
}

static int percpu_rwsem_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct percpu_rwsem_pool *pool = container_of(nb, struct percpu_rwsem_pool, oom_nb);
	unsigned long *freed = data;

	percpu_down_read(&pool->sem);	/* want-callback: struct percpu_rwsem_pool.sem */
	*freed += pool->nr_spare;
	percpu_up_read(&pool->sem);
	return NOTIFY_OK;
}

int percpu_rwsem_pool_start(struct percpu_rwsem_pool *pool)
{
	pool->nr_spare = 0;
	pool->oom_nb.notifier_call = percpu_rwsem_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
