// SPDX-License-Identifier: MIT
/*
 * As boolean_argument: the call under the lock says false, the other one says true.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct bool_false {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void *bool_false_entry(struct bool_false *pool, bool may_sleep)
{
	gfp_t gfp = may_sleep ? GFP_KERNEL : GFP_ATOMIC;

	return kzalloc(64, gfp);
}

void *bool_false_get(struct bool_false *pool)
{
	void *entry;

	mutex_lock(&pool->lock);
	entry = bool_false_entry(pool, false);
	mutex_unlock(&pool->lock);
	if (!entry)
		entry = bool_false_entry(pool, true);
	return entry;
}

static int bool_false_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct bool_false *pool = container_of(nb, struct bool_false, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct bool_false.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int bool_false_start(struct bool_false *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = bool_false_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
