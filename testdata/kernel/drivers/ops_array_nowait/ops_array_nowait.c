// SPDX-License-Identifier: MIT
/*
 * An array of tables of functions; which of them is called, only the caller knows.
 * None of them may wait.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct few_sources {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static unsigned long few_sources_none(struct few_sources *pool)
{
	return 0;
}

static unsigned long few_sources_nowait(struct few_sources *pool)
{
	return __get_free_page(GFP_NOWAIT);
}

static unsigned long few_sources_page(struct few_sources *pool)
{
	return __get_free_page(GFP_KERNEL);
}

static const struct few_sources_source {
	const char *name;
	unsigned long (*get)(struct few_sources *pool);
} few_sources_sources[] = {
	{ .name = "first", .get = few_sources_nowait },
	{ .name = "second", .get = few_sources_none },
};

int few_sources_add(struct few_sources *pool, unsigned int which)
{
	unsigned long addr;

	if (which >= ARRAY_SIZE(few_sources_sources))
		return few_sources_page(pool) ? 0 : -EINVAL;
	mutex_lock(&pool->lock);
	addr = few_sources_sources[which].get(pool);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int few_sources_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct few_sources *pool = container_of(nb, struct few_sources, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct few_sources.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int few_sources_start(struct few_sources *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = few_sources_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
