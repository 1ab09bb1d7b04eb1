// SPDX-License-Identifier: MIT
/*
 * The mask follows from a flag that is a constant several calls up, and here says that it may
 * sleep.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct may_sleep {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define may_sleep_ATOMIC BIT(3)

static void *may_sleep_get(struct may_sleep *pool, unsigned int flags)
{
	return kzalloc(64, flags & may_sleep_ATOMIC ? GFP_ATOMIC : GFP_KERNEL);
}

static void *may_sleep_get_sized(struct may_sleep *pool, unsigned int flags)
{
	return pool->nr_spare ? may_sleep_get(pool, flags | BIT(0)) : NULL;
}

static void *may_sleep_get_checked(struct may_sleep *pool, unsigned int flags)
{
	if (flags & BIT(7))
		return NULL;
	return may_sleep_get_sized(pool, flags);
}

void *may_sleep_entry(struct may_sleep *pool)
{
	void *entry;

	mutex_lock(&pool->lock);
	entry = may_sleep_get_checked(pool, 0);	/* want GFP001: struct may_sleep.lock */
	mutex_unlock(&pool->lock);
	return entry;
}

static int may_sleep_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct may_sleep *pool = container_of(nb, struct may_sleep, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct may_sleep.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int may_sleep_start(struct may_sleep *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = may_sleep_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
