// SPDX-License-Identifier: MIT
/*
 * The notifier only tries the lock and backs off: it never waits.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct trying {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int trying_add(struct trying *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int trying_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct trying *pool = container_of(nb, struct trying, oom_nb);
	unsigned long *freed = data;

	if (!mutex_trylock(&pool->lock))
		return NOTIFY_DONE;
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int trying_start(struct trying *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = trying_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
