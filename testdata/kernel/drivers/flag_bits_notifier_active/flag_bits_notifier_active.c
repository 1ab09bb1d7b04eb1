// SPDX-License-Identifier: MIT
/*
 * As flag_bits_notifier, with the bit that leads to the mutex.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct active_trim {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define TRIM_IDLE BIT(0)
#define TRIM_ACTIVE BIT(1)

static unsigned long active_trim_trim(struct active_trim *pool, unsigned int what)
{
	unsigned long freed = 0;

	if (what & TRIM_ACTIVE) {
		mutex_lock(&pool->lock);	/* want-callback: struct active_trim.lock */
		freed += pool->nr_spare;
		pool->nr_spare = 0;
		mutex_unlock(&pool->lock);
	}
	if (what & TRIM_IDLE)
		freed++;
	return freed;
}

int active_trim_add(struct active_trim *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct active_trim.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int active_trim_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct active_trim *pool = container_of(nb, struct active_trim, oom_nb);
	unsigned long *freed = data;

	*freed += active_trim_trim(pool, TRIM_IDLE | TRIM_ACTIVE);
	return NOTIFY_OK;
}

int active_trim_start(struct active_trim *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = active_trim_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
