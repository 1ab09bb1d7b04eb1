// SPDX-License-Identifier: MIT
/*
 * The lock goes along with the object to a function that releases it and allocates afterwards.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct passed_on {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void passed_on_finish(struct passed_on *pool)
	__releases(&pool->lock)
{
	void *note;

	pool->nr_spare = 0;
	mutex_unlock(&pool->lock);
	note = kzalloc(32, GFP_KERNEL);
	kfree(note);
}

int passed_on_reset(struct passed_on *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	passed_on_finish(pool);
	addr = __get_free_page(GFP_KERNEL);
	free_page(addr);
	return 0;
}

static int passed_on_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct passed_on *pool = container_of(nb, struct passed_on, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct passed_on.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int passed_on_start(struct passed_on *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = passed_on_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
