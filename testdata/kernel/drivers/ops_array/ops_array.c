// SPDX-License-Identifier: MIT
/*
 * An array of tables of functions; which of them is called, only the caller knows.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct many_sources {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static unsigned long many_sources_none(struct many_sources *pool)
{
	return 0;
}

static unsigned long many_sources_page(struct many_sources *pool)
{
	return __get_free_page(GFP_KERNEL);
}

static const struct many_sources_source {
	const char *name;
	unsigned long (*get)(struct many_sources *pool);
} many_sources_sources[] = {
	{ .name = "first", .get = many_sources_page },
	{ .name = "second", .get = many_sources_none },
};

int many_sources_add(struct many_sources *pool, unsigned int which)
{
	unsigned long addr;

	if (which >= ARRAY_SIZE(many_sources_sources))
		return many_sources_page(pool) ? 0 : -EINVAL;
	mutex_lock(&pool->lock);
	addr = many_sources_sources[which].get(pool);	/* want GFP001: struct many_sources.lock; at many_sources_sources */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int many_sources_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct many_sources *pool = container_of(nb, struct many_sources, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct many_sources.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int many_sources_start(struct many_sources *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = many_sources_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
