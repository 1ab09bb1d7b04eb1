// SPDX-License-Identifier: MIT
/*
 * The lock is held when the loop comes round again, and only then.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct retried {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int retried_add(struct retried *pool)
{
	unsigned long addr;
	int turn;

	for (turn = 0; turn < 3; turn++) {
		addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct retried.lock */
		if (turn == 0)
			mutex_lock(&pool->lock);
		if (addr)
			break;
	}
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int retried_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct retried *pool = container_of(nb, struct retried, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct retried.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int retried_start(struct retried *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = retried_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
