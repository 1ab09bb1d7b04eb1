// SPDX-License-Identifier: MIT
/*
 * The notifier only tries the rwsem.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

struct tried_sem {
	struct rw_semaphore sem;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int tried_sem_add(struct tried_sem *pool)
{
	unsigned long addr;

	guard(rwsem_write)(&pool->sem);
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	return addr ? 0 : -ENOMEM;
}

static int tried_sem_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct tried_sem *pool = container_of(nb, struct tried_sem, oom_nb);
	unsigned long *freed = data;

	if (down_read_trylock(&pool->sem)) {
		*freed += pool->nr_spare;
		up_read(&pool->sem);
	}
	return NOTIFY_OK;
}

int tried_sem_start(struct tried_sem *pool)
{
	init_rwsem(&pool->sem);
	pool->oom_nb.notifier_call = tried_sem_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
