// SPDX-License-Identifier: MIT
/*
 * Of two shrinkers of one lock only one tests the mask: GFP_NOFS saves from that one.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct two_of_them {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker, *quick;
};

struct two_of_them_entry {
	struct list_head lru;
	u64 key;
};

int two_of_them_insert(struct two_of_them *cache, u64 key)
{
	struct two_of_them_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct two_of_them.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int two_of_them_insert_nofs(struct two_of_them *cache, u64 key)
{
	struct two_of_them_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_NOFS);	/* want GFP003: struct two_of_them.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long two_of_them_drop(struct two_of_them *cache, unsigned long nr)
{
	struct two_of_them_entry *entry, *next;
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

static unsigned long two_of_them_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct two_of_them *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long two_of_them_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct two_of_them *cache = shrinker->private_data;
	unsigned long freed;

	if (sc->gfp_mask & __GFP_FS)
		mutex_lock(&cache->lock);	/* want-callback: struct two_of_them.lock */
	else if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = two_of_them_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

static unsigned long two_of_them_quick_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return 1;
}

static unsigned long two_of_them_quick_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct two_of_them *cache = shrinker->private_data;

	mutex_lock(&cache->lock);	/* want-callback: struct two_of_them.lock */
	cache->nr_unused = 0;
	mutex_unlock(&cache->lock);
	return 0;
}

int two_of_them_start(struct two_of_them *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "two_of_them");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = two_of_them_count;
	cache->shrinker->scan_objects = two_of_them_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	cache->quick = shrinker_alloc(0, "two_of_them-quick");
	if (!cache->quick)
		return -ENOMEM;
	cache->quick->count_objects = two_of_them_quick_count;
	cache->quick->scan_objects = two_of_them_quick_scan;
	cache->quick->private_data = cache;
	shrinker_register(cache->quick);
	return 0;
}

MODULE_LICENSE("MIT");
