// SPDX-License-Identifier: MIT
/*
 * The answer of the mask's test is kept in a local variable.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct flag_kept {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct flag_kept_entry {
	struct list_head lru;
	u64 key;
};

int flag_kept_insert(struct flag_kept *cache, u64 key)
{
	struct flag_kept_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct flag_kept.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int flag_kept_insert_nofs(struct flag_kept *cache, u64 key)
{
	struct flag_kept_entry *entry;

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

int flag_kept_insert_scope(struct flag_kept *cache, u64 key)
{
	unsigned int flags = memalloc_nofs_save();
	struct flag_kept_entry *entry;

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
static unsigned long flag_kept_drop(struct flag_kept *cache, unsigned long nr)
{
	struct flag_kept_entry *entry, *next;
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

static unsigned long flag_kept_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct flag_kept *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long flag_kept_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct flag_kept *cache = shrinker->private_data;
	unsigned long freed;
	bool may_wait = sc->gfp_mask & __GFP_FS;

	if (may_wait)
		mutex_lock(&cache->lock);	/* want-callback: struct flag_kept.lock */
	else if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = flag_kept_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int flag_kept_start(struct flag_kept *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "flag_kept");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = flag_kept_count;
	cache->shrinker->scan_objects = flag_kept_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
