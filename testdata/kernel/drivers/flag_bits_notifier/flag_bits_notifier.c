// SPDX-License-Identifier: MIT
/*
 * Which lock the notifier takes depends on the bits that it passes on: with TRIM_IDLE alone, the
 * mutex is never reached.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct idle_trim {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define TRIM_IDLE BIT(0)
#define TRIM_ACTIVE BIT(1)

static unsigned long idle_trim_trim(struct idle_trim *pool, unsigned int what)
{
	unsigned long freed = 0;

	if (what & TRIM_ACTIVE) {
		mutex_lock(&pool->lock);
		freed += pool->nr_spare;
		pool->nr_spare = 0;
		mutex_unlock(&pool->lock);
	}
	if (what & TRIM_IDLE)
		freed++;
	return freed;
}

unsigned long idle_trim_trim_all(struct idle_trim *pool)
{
	return idle_trim_trim(pool, TRIM_IDLE | TRIM_ACTIVE);
}

int idle_trim_add(struct idle_trim *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int idle_trim_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct idle_trim *pool = container_of(nb, struct idle_trim, oom_nb);
	unsigned long *freed = data;

	*freed += idle_trim_trim(pool, TRIM_IDLE);
	return NOTIFY_OK;
}

int idle_trim_start(struct idle_trim *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = idle_trim_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
