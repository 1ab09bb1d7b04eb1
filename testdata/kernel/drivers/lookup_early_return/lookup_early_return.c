// SPDX-License-Identifier: MIT
/*
 * The function leaves early, unlocked, where the entry isn't there; behind that the lock is
 * dropped.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/string.h>

struct early {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int early_touch(struct early *pool, unsigned int index)
{
	unsigned long addr;
	void *copy;

	mutex_lock(&pool->lock);
	if (index >= pool->nr_spare) {
		mutex_unlock(&pool->lock);
		copy = kzalloc(16, GFP_KERNEL);
		kfree(copy);
		return -ENOENT;
	}
	addr = pool->spare[index];
	mutex_unlock(&pool->lock);

	copy = kmemdup((void *)addr, 4096, GFP_KERNEL);
	kfree(copy);
	return 0;
}

static int early_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct early *pool = container_of(nb, struct early, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct early.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int early_start(struct early *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = early_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
