// SPDX-License-Identifier: MIT
/*
 * One caller keeps the task out of reclaim, the other one does not.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct let_in {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int let_in_add(struct let_in *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct let_in.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

int let_in_refill(struct let_in *pool)
{
	unsigned int cookie = memalloc_noreclaim_save();
	int err = let_in_add(pool);

	memalloc_noreclaim_restore(cookie);
	return err;
}

int let_in_refill_later(struct let_in *pool)
{
	return let_in_add(pool);
}

static int let_in_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct let_in *pool = container_of(nb, struct let_in, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct let_in.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int let_in_start(struct let_in *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = let_in_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
