// SPDX-License-Identifier: MIT
/*
 * The flag set by hand is cleared again before the allocation.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/slab.h>

struct pf_cleared {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int pf_cleared_add(struct pf_cleared *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	current->flags |= PF_MEMALLOC;
	pool->nr_spare = 0;
	current->flags &= ~PF_MEMALLOC;
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct pf_cleared.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int pf_cleared_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pf_cleared *pool = container_of(nb, struct pf_cleared, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct pf_cleared.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int pf_cleared_start(struct pf_cleared *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = pf_cleared_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
