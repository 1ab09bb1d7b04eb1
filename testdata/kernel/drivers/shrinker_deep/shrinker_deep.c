// SPDX-License-Identifier: MIT
/*
 * The shrinker waits three calls deep.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct deep_cache {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct deep_cache_entry {
	struct list_head lru;
	u64 key;
};

int deep_cache_insert(struct deep_cache *cache, u64 key)
{
	struct deep_cache_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct deep_cache.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long deep_cache_drop(struct deep_cache *cache, unsigned long nr)
{
	struct deep_cache_entry *entry, *next;
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

static unsigned long deep_cache_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct deep_cache *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long deep_cache_drop_locked(struct deep_cache *cache, unsigned long nr)
{
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct deep_cache.lock */
	freed = deep_cache_drop(cache, nr);
	mutex_unlock(&cache->lock);
	return freed;
}

static unsigned long deep_cache_age(struct deep_cache *cache, struct shrink_control *sc)
{
	return deep_cache_drop_locked(cache, sc->nr_to_scan / 2) + deep_cache_drop_locked(cache, 1);
}

static unsigned long deep_cache_trim(struct deep_cache *cache, struct shrink_control *sc)
{
	return cache->nr_unused > 16 ? deep_cache_age(cache, sc) : 0;
}

static unsigned long deep_cache_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	return deep_cache_trim(shrinker->private_data, sc);
}

int deep_cache_start(struct deep_cache *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "deep_cache");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = deep_cache_count;
	cache->shrinker->scan_objects = deep_cache_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
