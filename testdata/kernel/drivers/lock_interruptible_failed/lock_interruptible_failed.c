// SPDX-License-Identifier: MIT
/*
 * Where the interruptible lock was not taken, the allocation holds nothing.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/string.h>

struct intr_failed {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int intr_failed_log(struct intr_failed *pool)
{
	char *text;

	if (mutex_lock_interruptible(&pool->lock)) {
		text = kasprintf(GFP_KERNEL, "interrupted with %u spare pages", pool->nr_spare);
		if (text)
			pr_info("%s\n", text);
		kfree(text);
		return -EINTR;
	}
	pool->nr_spare = 0;
	mutex_unlock(&pool->lock);
	return 0;
}

static int intr_failed_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct intr_failed *pool = container_of(nb, struct intr_failed, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct intr_failed.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int intr_failed_start(struct intr_failed *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = intr_failed_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
