// SPDX-License-Identifier: MIT
/*
 * Two structures have a mutex called lock; the notifier takes that of the other one.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct named_alike {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct named_alike_log {
	struct mutex lock;
	char *text;
};

int named_alike_log_append(struct named_alike_log *log)
{
	mutex_lock(&log->lock);
	kfree(log->text);
	log->text = kmalloc(128, GFP_KERNEL);
	mutex_unlock(&log->lock);
	return log->text ? 0 : -ENOMEM;
}

static int named_alike_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct named_alike *pool = container_of(nb, struct named_alike, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct named_alike.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int named_alike_start(struct named_alike *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = named_alike_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
