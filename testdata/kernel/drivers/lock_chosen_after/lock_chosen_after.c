// SPDX-License-Identifier: MIT
/*
 * The same, but the allocation comes after the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/oom.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

struct lock_chosen_after {
	struct rw_semaphore sem;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void after_lock(bool write, struct lock_chosen_after *pool)
{
	(write ? down_write : down_read)(&pool->sem);
}

static void after_unlock(bool write, struct lock_chosen_after *pool)
{
	(write ? up_write : up_read)(&pool->sem);
}

int lock_chosen_after_look(struct lock_chosen_after *pool, bool write)
{
	unsigned long addr;

	after_lock(write, pool);
	if (write)
		pool->nr_spare = 0;
	after_unlock(write, pool);
	addr = __get_free_page(GFP_KERNEL);
	return addr ? 0 : -ENOMEM;
}

static int lock_chosen_after_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct lock_chosen_after *pool = container_of(nb, struct lock_chosen_after, oom_nb);
	unsigned long *freed = data;

	down_write(&pool->sem);	/* want-callback: struct lock_chosen_after.sem */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	up_write(&pool->sem);
	return NOTIFY_OK;
}

int lock_chosen_after_start(struct lock_chosen_after *pool)
{
	init_rwsem(&pool->sem);
	pool->oom_nb.notifier_call = lock_chosen_after_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
