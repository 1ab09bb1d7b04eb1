// SPDX-License-Identifier: MIT
/*
 * Two drivers have a static function fill_cache(). This one's allocates with direct reclaim.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct blocking_cache {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static unsigned long fill_cache(void)
{
	return __get_free_page(GFP_KERNEL);
}

int blocking_cache_add(struct blocking_cache *cache)
{
	unsigned long addr;

	mutex_lock(&cache->lock);
	addr = fill_cache();	/* want GFP001: struct blocking_cache.lock */
	if (addr)
		cache->spare[cache->nr_spare++] = addr;
	mutex_unlock(&cache->lock);
	return addr ? 0 : -ENOMEM;
}

static int blocking_cache_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct blocking_cache *cache = container_of(nb, struct blocking_cache, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&cache->lock);	/* want-callback: struct blocking_cache.lock */
	*freed += cache->nr_spare;
	while (cache->nr_spare)
		free_page(cache->spare[--cache->nr_spare]);
	mutex_unlock(&cache->lock);
	return NOTIFY_OK;
}

int blocking_cache_start(struct blocking_cache *cache)
{
	mutex_init(&cache->lock);
	cache->oom_nb.notifier_call = blocking_cache_oom_notify;
	return register_oom_notifier(&cache->oom_nb);
}

MODULE_LICENSE("MIT");
