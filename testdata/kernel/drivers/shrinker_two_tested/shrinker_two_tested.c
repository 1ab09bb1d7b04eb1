// SPDX-License-Identifier: MIT
/*
 * As shrinker_two, and both test the mask.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct two_tested {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker, *quick;
};

struct two_tested_entry {
	struct list_head lru;
	u64 key;
};

int two_tested_insert(struct two_tested *cache, u64 key)
{
	struct two_tested_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct two_tested.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int two_tested_insert_nofs(struct two_tested *cache, u64 key)
{
	struct two_tested_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_NOFS);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long two_tested_drop(struct two_tested *cache, unsigned long nr)
{
	struct two_tested_entry *entry, *next;
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

static unsigned long two_tested_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct two_tested *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long two_tested_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct two_tested *cache = shrinker->private_data;
	unsigned long freed;

	if (sc->gfp_mask & __GFP_FS)
		mutex_lock(&cache->lock);	/* want-callback: struct two_tested.lock */
	else if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = two_tested_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

static unsigned long two_tested_quick_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return 1;
}

static unsigned long two_tested_quick_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct two_tested *cache = shrinker->private_data;

	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	mutex_lock(&cache->lock);	/* want-callback: struct two_tested.lock */
	cache->nr_unused = 0;
	mutex_unlock(&cache->lock);
	return 0;
}

int two_tested_start(struct two_tested *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "two_tested");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = two_tested_count;
	cache->shrinker->scan_objects = two_tested_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	cache->quick = shrinker_alloc(0, "two_tested-quick");
	if (!cache->quick)
		return -ENOMEM;
	cache->quick->count_objects = two_tested_quick_count;
	cache->quick->scan_objects = two_tested_quick_scan;
	cache->quick->private_data = cache;
	shrinker_register(cache->quick);
	return 0;
}

MODULE_LICENSE("MIT");
