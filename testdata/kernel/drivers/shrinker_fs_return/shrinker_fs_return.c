// SPDX-License-Identifier: MIT
/*
 * The shrinker turns allocations without __GFP_FS away at once.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct fs_returned {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct fs_returned_entry {
	struct list_head lru;
	u64 key;
};

int fs_returned_insert(struct fs_returned *cache, u64 key)
{
	struct fs_returned_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct fs_returned.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int fs_returned_insert_nofs(struct fs_returned *cache, u64 key)
{
	struct fs_returned_entry *entry;

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

int fs_returned_insert_scope(struct fs_returned *cache, u64 key)
{
	unsigned int flags = memalloc_nofs_save();
	struct fs_returned_entry *entry;

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
static unsigned long fs_returned_drop(struct fs_returned *cache, unsigned long nr)
{
	struct fs_returned_entry *entry, *next;
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

static unsigned long fs_returned_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct fs_returned *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long fs_returned_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct fs_returned *cache = shrinker->private_data;
	unsigned long freed;

	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	mutex_lock(&cache->lock);	/* want-callback: struct fs_returned.lock */
	freed = fs_returned_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int fs_returned_start(struct fs_returned *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "fs_returned");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = fs_returned_count;
	cache->shrinker->scan_objects = fs_returned_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
