// SPDX-License-Identifier: MIT
/*
 * As shrinker_fs_caller, but all callers pass GFP_NOFS.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct asked_nofs {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct asked_nofs_entry {
	struct list_head lru;
	u64 key;
};

static int asked_nofs_insert(struct asked_nofs *cache, u64 key, gfp_t gfp)
{
	struct asked_nofs_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), gfp);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int asked_nofs_open(struct asked_nofs *cache)
{
	return asked_nofs_insert(cache, 0, GFP_NOFS | __GFP_ZERO);
}

int asked_nofs_write_back(struct asked_nofs *cache, u64 key)
{
	return asked_nofs_insert(cache, key, GFP_NOFS);
}

/* With the cache's lock held. */
static unsigned long asked_nofs_drop(struct asked_nofs *cache, unsigned long nr)
{
	struct asked_nofs_entry *entry, *next;
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

static unsigned long asked_nofs_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct asked_nofs *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long asked_nofs_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct asked_nofs *cache = shrinker->private_data;
	unsigned long freed;

	if (sc->gfp_mask & __GFP_FS)
		mutex_lock(&cache->lock);	/* want-callback: struct asked_nofs.lock */
	else if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = asked_nofs_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int asked_nofs_start(struct asked_nofs *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "asked_nofs");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = asked_nofs_count;
	cache->shrinker->scan_objects = asked_nofs_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
