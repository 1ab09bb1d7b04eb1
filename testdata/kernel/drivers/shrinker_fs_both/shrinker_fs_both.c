// SPDX-License-Identifier: MIT
/*
 * __GFP_FS and __GFP_IO must both be there, tested as a mask of two bits.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct both_bits {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct both_bits_entry {
	struct list_head lru;
	u64 key;
};

int both_bits_insert(struct both_bits *cache, u64 key)
{
	struct both_bits_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct both_bits.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int both_bits_insert_nofs(struct both_bits *cache, u64 key)
{
	struct both_bits_entry *entry;

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

int both_bits_insert_noio(struct both_bits *cache, u64 key)
{
	struct both_bits_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_NOIO);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long both_bits_drop(struct both_bits *cache, unsigned long nr)
{
	struct both_bits_entry *entry, *next;
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

static unsigned long both_bits_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct both_bits *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long both_bits_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct both_bits *cache = shrinker->private_data;
	unsigned long freed;

	if ((sc->gfp_mask & (__GFP_IO | __GFP_FS)) != (__GFP_IO | __GFP_FS))
		return SHRINK_STOP;
	mutex_lock(&cache->lock);	/* want-callback: struct both_bits.lock */
	freed = both_bits_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int both_bits_start(struct both_bits *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "both_bits");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = both_bits_count;
	cache->shrinker->scan_objects = both_bits_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
