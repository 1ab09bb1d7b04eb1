// SPDX-License-Identifier: MIT
/*
 * Every caller keeps the task out of reclaim while the lock is held.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct kept_out {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static int kept_out_add(struct kept_out *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

int kept_out_refill(struct kept_out *pool)
{
	unsigned int cookie = memalloc_noreclaim_save();
	int err = kept_out_add(pool);

	memalloc_noreclaim_restore(cookie);
	return err;
}

static int kept_out_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct kept_out *pool = container_of(nb, struct kept_out, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct kept_out.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int kept_out_start(struct kept_out *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = kept_out_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
