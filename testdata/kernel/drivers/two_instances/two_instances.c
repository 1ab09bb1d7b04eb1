// SPDX-License-Identifier: MIT
/*
 * Two objects of one type: the first one's lock is dropped, the second one's is still held, and
 * that is enough, the class being the same.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct twin {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int twin_move(struct twin *from, struct twin *to)
{
	unsigned long addr;

	mutex_lock(&from->lock);
	mutex_lock_nested(&to->lock, 1);	/* want-taken: struct twin.lock */
	to->nr_spare = from->nr_spare;
	from->nr_spare = 0;
	mutex_unlock(&from->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct twin.lock */
	to->spare[0] = addr;
	mutex_unlock(&to->lock);
	return addr ? 0 : -ENOMEM;
}

static int twin_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct twin *pool = container_of(nb, struct twin, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct twin.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int twin_start(struct twin *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = twin_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
