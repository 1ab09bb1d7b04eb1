// SPDX-License-Identifier: MIT
/*
 * The lock is in a member whose structure has no name: the class is told from the outer one.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct unnamed {
	struct {
		struct mutex lock;
		struct notifier_block oom_nb;
	} mm;
	struct {
		struct mutex lock;
	} log;
	unsigned long spare[16];
	unsigned int nr_spare;
};

int unnamed_add(struct unnamed *pool)
{
	unsigned long addr;

	mutex_lock(&pool->mm.lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct unnamed.mm.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->mm.lock);
	return addr ? 0 : -ENOMEM;
}

int unnamed_log(struct unnamed *pool)
{
	void *text;

	mutex_lock(&pool->log.lock);
	text = kzalloc(80, GFP_KERNEL);
	mutex_unlock(&pool->log.lock);
	kfree(text);
	return 0;
}

static int unnamed_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct unnamed *pool = container_of(nb, struct unnamed, mm.oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->mm.lock);	/* want-callback: struct unnamed.mm.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->mm.lock);
	return NOTIFY_OK;
}

int unnamed_start(struct unnamed *pool)
{
	mutex_init(&pool->mm.lock);
	pool->mm.oom_nb.notifier_call = unnamed_oom_notify;
	return register_oom_notifier(&pool->mm.oom_nb);
}

MODULE_LICENSE("MIT");
