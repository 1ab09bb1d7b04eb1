// SPDX-License-Identifier: MIT
/*
 * GFP_NOFS and GFP_NOIO don't keep reclaim from this shrinker, which doesn't look at the mask.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct nofs_for_nothing {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct nofs_for_nothing_entry {
	struct list_head lru;
	u64 key;
};

int nofs_for_nothing_insert_nofs(struct nofs_for_nothing *cache, u64 key)
{
	struct nofs_for_nothing_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_NOFS);	/* want GFP003: struct nofs_for_nothing.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int nofs_for_nothing_insert_noio(struct nofs_for_nothing *cache, u64 key)
{
	struct nofs_for_nothing_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_NOIO);	/* want GFP003: struct nofs_for_nothing.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long nofs_for_nothing_drop(struct nofs_for_nothing *cache, unsigned long nr)
{
	struct nofs_for_nothing_entry *entry, *next;
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

static unsigned long nofs_for_nothing_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct nofs_for_nothing *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long nofs_for_nothing_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct nofs_for_nothing *cache = shrinker->private_data;
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct nofs_for_nothing.lock */
	freed = nofs_for_nothing_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int nofs_for_nothing_start(struct nofs_for_nothing *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "nofs_for_nothing");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = nofs_for_nothing_count;
	cache->shrinker->scan_objects = nofs_for_nothing_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
