// SPDX-License-Identifier: MIT
/*
 * The notifier tries the lock first, and waits where that fails: waiting is what counts.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct impatient {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int impatient_add(struct impatient *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct impatient.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int impatient_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct impatient *pool = container_of(nb, struct impatient, oom_nb);
	unsigned long *freed = data;

	if (!mutex_trylock(&pool->lock)) {
		pr_info("somebody is resizing, waiting\n");
		mutex_lock(&pool->lock);	/* want-callback: struct impatient.lock */
	}
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int impatient_start(struct impatient *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = impatient_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
