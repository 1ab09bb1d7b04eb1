// SPDX-License-Identifier: MIT
/*
 * As shrinker_scan, but the shrinker is given back instead of registered.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct never_registered {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct never_registered_entry {
	struct list_head lru;
	u64 key;
};

int never_registered_insert(struct never_registered *cache, u64 key)
{
	struct never_registered_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long never_registered_drop(struct never_registered *cache, unsigned long nr)
{
	struct never_registered_entry *entry, *next;
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

static unsigned long never_registered_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct never_registered *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long never_registered_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct never_registered *cache = shrinker->private_data;
	unsigned long freed;

	mutex_lock(&cache->lock);
	freed = never_registered_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int never_registered_start(struct never_registered *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "never_registered");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = never_registered_count;
	cache->shrinker->scan_objects = never_registered_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_free(cache->shrinker);
	return -ENODEV;
}

MODULE_LICENSE("MIT");
