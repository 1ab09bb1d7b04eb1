// SPDX-License-Identifier: MIT
/*
 * scoped_cond_guard() runs its failure statement without the lock and its body with it.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct cond_guarded {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int cond_guarded_add(struct cond_guarded *pool)
{
	unsigned long addr = 0;

	scoped_cond_guard(mutex_intr, return -EINTR, &pool->lock) {
		addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct cond_guarded.lock */
		if (!addr)
			return -ENOMEM;
		pool->spare[pool->nr_spare++] = addr;
	}
	return 0;
}

static int cond_guarded_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct cond_guarded *pool = container_of(nb, struct cond_guarded, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct cond_guarded.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int cond_guarded_start(struct cond_guarded *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = cond_guarded_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
