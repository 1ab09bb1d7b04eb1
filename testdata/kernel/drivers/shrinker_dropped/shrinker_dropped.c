// SPDX-License-Identifier: MIT
/*
 * The lock is dropped around the allocation.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct dropping {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct dropping_entry {
	struct list_head lru;
	u64 key;
};

int dropping_insert(struct dropping *cache, u64 key)
{
	struct dropping_entry *entry;

	mutex_lock(&cache->lock);
	if (cache->nr_unused > 1024) {
		mutex_unlock(&cache->lock);
		return -ENOSPC;
	}
	mutex_unlock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->key = key;
	mutex_lock(&cache->lock);
	list_add(&entry->lru, &cache->unused);
	cache->nr_unused++;
	mutex_unlock(&cache->lock);
	return 0;
}

/* With the cache's lock held. */
static unsigned long dropping_drop(struct dropping *cache, unsigned long nr)
{
	struct dropping_entry *entry, *next;
	unsigned long freed = 0;

	list_for_each_entry_safe(entry, next, &cache->unused, lru) {
		if (freed == nr)
			break;
		list_del(&entry->lru);
		kfree(entry);
		freed++;
	}
	cache->nr_unused -= freed;
	return freed;
}

static unsigned long dropping_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct dropping *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long dropping_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct dropping *cache = shrinker->private_data;
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct dropping.lock */
	freed = dropping_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int dropping_start(struct dropping *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "dropping");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = dropping_count;
	cache->shrinker->scan_objects = dropping_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
