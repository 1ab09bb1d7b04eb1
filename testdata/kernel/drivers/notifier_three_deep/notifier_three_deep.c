// SPDX-License-Identifier: MIT
/*
 * The notifier takes the lock three calls down.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct trimmed {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static unsigned long trimmed_drop_all(struct trimmed *pool)
{
	unsigned long dropped;

	mutex_lock(&pool->lock);	/* want-callback: struct trimmed.lock */
	dropped = pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return dropped;
}

static unsigned long trimmed_trim(struct trimmed *pool, unsigned int keep)
{
	return pool->nr_spare > keep ? trimmed_drop_all(pool) : 0;
}

static unsigned long trimmed_reclaim(struct trimmed *pool)
{
	unsigned long freed = trimmed_trim(pool, 0);

	pr_info("gave back %lu pages\n", freed);
	return freed;
}

int trimmed_add(struct trimmed *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct trimmed.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int trimmed_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct trimmed *pool = container_of(nb, struct trimmed, oom_nb);
	unsigned long *freed = data;

	*freed += trimmed_reclaim(pool);
	return NOTIFY_OK;
}

int trimmed_start(struct trimmed *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = trimmed_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
