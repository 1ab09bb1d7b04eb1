// SPDX-License-Identifier: MIT
/*
 * The same with the flag that says that it may not.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct must_not {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define must_not_ATOMIC BIT(3)

static void *must_not_get(struct must_not *pool, unsigned int flags)
{
	return kzalloc(64, flags & must_not_ATOMIC ? GFP_ATOMIC : GFP_KERNEL);
}

static void *must_not_get_sized(struct must_not *pool, unsigned int flags)
{
	return pool->nr_spare ? must_not_get(pool, flags | BIT(0)) : NULL;
}

static void *must_not_get_checked(struct must_not *pool, unsigned int flags)
{
	if (flags & BIT(7))
		return NULL;
	return must_not_get_sized(pool, flags);
}

void *must_not_entry(struct must_not *pool)
{
	void *entry;

	mutex_lock(&pool->lock);
	entry = must_not_get_checked(pool, must_not_ATOMIC);
	mutex_unlock(&pool->lock);
	return entry;
}

static int must_not_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct must_not *pool = container_of(nb, struct must_not, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct must_not.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int must_not_start(struct must_not *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = must_not_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
