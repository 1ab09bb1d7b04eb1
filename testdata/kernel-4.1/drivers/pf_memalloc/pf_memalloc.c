// SPDX-License-Identifier: MIT
/*
 * PF_MEMALLOC by hand, as everybody did it then.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/slab.h>

struct pf_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int pf_pool_add(struct pf_pool *pool)
{
	unsigned int old = current->flags & PF_MEMALLOC;

	mutex_lock(&pool->lock);
	current->flags |= PF_MEMALLOC;
	pool->spare[0] = (unsigned long)kmalloc(512, GFP_KERNEL);
	current->flags = (current->flags & ~PF_MEMALLOC) | old;
	mutex_unlock(&pool->lock);
	return 0;
}

static int pf_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pf_pool *pool = container_of(nb, struct pf_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct pf_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int pf_pool_start(struct pf_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = pf_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
