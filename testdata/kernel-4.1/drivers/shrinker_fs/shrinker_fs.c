// SPDX-License-Identifier: MIT
/*
 * The shrinker tests __GFP_FS: GFP_NOFS is safe, and so is an allocation without __GFP_WAIT.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct fs_tested_of_old {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker shrinker;
};

struct fs_tested_of_old_entry {
	struct list_head lru;
	u64 key;
};

int fs_tested_of_old_insert(struct fs_tested_of_old *cache, u64 key)
{
	struct fs_tested_of_old_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct fs_tested_of_old.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int fs_tested_of_old_insert_nofs(struct fs_tested_of_old *cache, u64 key)
{
	struct fs_tested_of_old_entry *entry;

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

int fs_tested_of_old_insert_atomic(struct fs_tested_of_old *cache, u64 key)
{
	struct fs_tested_of_old_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_ATOMIC);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long fs_tested_of_old_drop(struct fs_tested_of_old *cache, unsigned long nr)
{
	struct fs_tested_of_old_entry *entry, *next;
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

static unsigned long fs_tested_of_old_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct fs_tested_of_old *cache = container_of(shrinker, struct fs_tested_of_old, shrinker);

	return cache->nr_unused;
}

static unsigned long fs_tested_of_old_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct fs_tested_of_old *cache = container_of(shrinker, struct fs_tested_of_old, shrinker);
	unsigned long freed;

	if (sc->gfp_mask & __GFP_FS)
		mutex_lock(&cache->lock);	/* want-callback: struct fs_tested_of_old.lock */
	else if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = fs_tested_of_old_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int fs_tested_of_old_start(struct fs_tested_of_old *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker.count_objects = fs_tested_of_old_count;
	cache->shrinker.scan_objects = fs_tested_of_old_scan;
	cache->shrinker.seeks = DEFAULT_SEEKS;
	return register_shrinker(&cache->shrinker);
}

MODULE_LICENSE("MIT");
