// SPDX-License-Identifier: MIT
/*
 * As conditional_flag, and the allocation is made where the local says that the lock is held.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct recalled {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int recalled_add(struct recalled *pool, unsigned int n)
{
	bool held = false;
	void *table = NULL;

	if (n < ARRAY_SIZE(pool->spare)) {
		mutex_lock(&pool->lock);
		held = true;
	}
	if (held)
		table = kcalloc(n, sizeof(long), GFP_KERNEL);	/* want GFP001: struct recalled.lock */
	if (held)
		mutex_unlock(&pool->lock);
	kfree(table);
	return 0;
}

static int recalled_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct recalled *pool = container_of(nb, struct recalled, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct recalled.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int recalled_start(struct recalled *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = recalled_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
