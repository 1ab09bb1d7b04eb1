// SPDX-License-Identifier: MIT
/*
 * Whether the lock is held is remembered in a local. The allocation is made where the local says
 * that it isn't.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct remembered {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int remembered_add(struct remembered *pool, unsigned int n)
{
	bool held = false;
	void *table = NULL;

	if (n < ARRAY_SIZE(pool->spare)) {
		mutex_lock(&pool->lock);
		held = true;
	}
	if (!held)
		table = kcalloc(n, sizeof(long), GFP_KERNEL);
	if (held)
		mutex_unlock(&pool->lock);
	kfree(table);
	return 0;
}

static int remembered_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct remembered *pool = container_of(nb, struct remembered, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct remembered.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int remembered_start(struct remembered *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = remembered_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
