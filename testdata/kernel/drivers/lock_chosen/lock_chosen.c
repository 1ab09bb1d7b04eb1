// SPDX-License-Identifier: MIT
/*
 * The functions that take the lock and give it up are chosen in the call.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/oom.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

struct lock_chosen {
	struct rw_semaphore sem;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void chosen_lock(bool write, struct lock_chosen *pool)
{
	(write ? down_write : down_read)(&pool->sem);
}

static void chosen_unlock(bool write, struct lock_chosen *pool)
{
	(write ? up_write : up_read)(&pool->sem);
}

int lock_chosen_look(struct lock_chosen *pool, bool write)
{
	unsigned long addr;

	chosen_lock(write, pool);	/* want-taken: struct lock_chosen.sem */
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct lock_chosen.sem */
	if (addr && write)
		pool->spare[pool->nr_spare++] = addr;
	chosen_unlock(write, pool);
	return addr ? 0 : -ENOMEM;
}

static int lock_chosen_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct lock_chosen *pool = container_of(nb, struct lock_chosen, oom_nb);
	unsigned long *freed = data;

	down_write(&pool->sem);	/* want-callback: struct lock_chosen.sem */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	up_write(&pool->sem);
	return NOTIFY_OK;
}

int lock_chosen_start(struct lock_chosen *pool)
{
	init_rwsem(&pool->sem);
	pool->oom_nb.notifier_call = lock_chosen_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
