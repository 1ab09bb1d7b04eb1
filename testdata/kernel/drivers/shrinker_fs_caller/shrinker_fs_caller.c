// SPDX-License-Identifier: MIT
/*
 * The allocation's mask is an argument: one caller passes what the shrinker waits for, the other
 * doesn't.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct asked {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct asked_entry {
	struct list_head lru;
	u64 key;
};

static int asked_insert(struct asked *cache, u64 key, gfp_t gfp)
{
	struct asked_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), gfp);	/* want GFP003: struct asked.lock; bits __GFP_FS */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int asked_open(struct asked *cache)
{
	return asked_insert(cache, 0, GFP_KERNEL);
}

int asked_write_back(struct asked *cache, u64 key)
{
	return asked_insert(cache, key, GFP_NOFS);
}

/* With the cache's lock held. */
static unsigned long asked_drop(struct asked *cache, unsigned long nr)
{
	struct asked_entry *entry, *next;
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

static unsigned long asked_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct asked *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long asked_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct asked *cache = shrinker->private_data;
	unsigned long freed;

	if (sc->gfp_mask & __GFP_FS)
		mutex_lock(&cache->lock);	/* want-callback: struct asked.lock */
	else if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = asked_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int asked_start(struct asked *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "asked");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = asked_count;
	cache->shrinker->scan_objects = asked_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
