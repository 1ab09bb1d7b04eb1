// SPDX-License-Identifier: MIT
/*
 * An array of locks is one class.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct zoned {
	struct mutex locks[4];
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int zoned_add(struct zoned *pool, unsigned int zone)
{
	unsigned long addr;

	mutex_lock(&pool->locks[zone % 4]);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct zoned.locks */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->locks[zone % 4]);
	return addr ? 0 : -ENOMEM;
}

static int zoned_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct zoned *pool = container_of(nb, struct zoned, oom_nb);
	unsigned long *freed = data;
	int i;

	for (i = 0; i < 4; i++) {
		mutex_lock(&pool->locks[i]);	/* want-callback: struct zoned.locks */
		*freed += pool->nr_spare;
		pool->nr_spare = 0;
		mutex_unlock(&pool->locks[i]);
	}
	return NOTIFY_OK;
}

int zoned_start(struct zoned *pool)
{
	int i;

	for (i = 0; i < 4; i++)
		mutex_init(&pool->locks[i]);
	pool->oom_nb.notifier_call = zoned_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
