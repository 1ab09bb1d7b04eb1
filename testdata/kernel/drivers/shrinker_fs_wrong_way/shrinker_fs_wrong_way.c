// SPDX-License-Identifier: MIT
/*
 * The test is the wrong way round: the shrinker waits for just those allocations that could not stand
 * it.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct wrong_way {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct wrong_way_entry {
	struct list_head lru;
	u64 key;
};

int wrong_way_insert(struct wrong_way *cache, u64 key)
{
	struct wrong_way_entry *entry;

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

int wrong_way_insert_nofs(struct wrong_way *cache, u64 key)
{
	struct wrong_way_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_NOFS);	/* want GFP003: struct wrong_way.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long wrong_way_drop(struct wrong_way *cache, unsigned long nr)
{
	struct wrong_way_entry *entry, *next;
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

static unsigned long wrong_way_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct wrong_way *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long wrong_way_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct wrong_way *cache = shrinker->private_data;
	unsigned long freed;

	if (!(sc->gfp_mask & __GFP_FS))
		mutex_lock(&cache->lock);	/* want-callback: struct wrong_way.lock */
	else if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = wrong_way_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int wrong_way_start(struct wrong_way *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "wrong_way");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = wrong_way_count;
	cache->shrinker->scan_objects = wrong_way_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
