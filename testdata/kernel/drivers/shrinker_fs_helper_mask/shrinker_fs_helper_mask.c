// SPDX-License-Identifier: MIT
/*
 * A helper gets sc->gfp_mask and decides.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct mask_helped {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct mask_helped_entry {
	struct list_head lru;
	u64 key;
};

int mask_helped_insert(struct mask_helped *cache, u64 key)
{
	struct mask_helped_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct mask_helped.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int mask_helped_insert_nofs(struct mask_helped *cache, u64 key)
{
	struct mask_helped_entry *entry;

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

int mask_helped_insert_scope(struct mask_helped *cache, u64 key)
{
	unsigned int flags = memalloc_nofs_save();
	struct mask_helped_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	memalloc_nofs_restore(flags);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long mask_helped_drop(struct mask_helped *cache, unsigned long nr)
{
	struct mask_helped_entry *entry, *next;
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

static unsigned long mask_helped_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct mask_helped *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static bool mask_helped_enter(struct mask_helped *cache, gfp_t gfp)
{
	if (!(gfp & __GFP_FS))
		return mutex_trylock(&cache->lock);
	mutex_lock(&cache->lock);	/* want-callback: struct mask_helped.lock */
	return true;
}

static unsigned long mask_helped_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct mask_helped *cache = shrinker->private_data;
	unsigned long freed;

	if (!mask_helped_enter(cache, sc->gfp_mask))
		return SHRINK_STOP;
	freed = mask_helped_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int mask_helped_start(struct mask_helped *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "mask_helped");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = mask_helped_count;
	cache->shrinker->scan_objects = mask_helped_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
