// SPDX-License-Identifier: MIT
/*
 * Both sides take the rwsem for reading: they wait for each other only where a writer queues between
 * them.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct both_read {
	struct rw_semaphore lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct both_read_entry {
	struct list_head lru;
	u64 key;
};

int both_read_insert(struct both_read *cache, u64 key)
{
	struct both_read_entry *entry;

	down_read(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct both_read.lock; confidence medium */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	up_read(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long both_read_drop(struct both_read *cache, unsigned long nr)
{
	struct both_read_entry *entry, *next;
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

static unsigned long both_read_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct both_read *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long both_read_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct both_read *cache = shrinker->private_data;
	unsigned long freed;

	down_read(&cache->lock);	/* want-callback: struct both_read.lock */
	freed = both_read_drop(cache, sc->nr_to_scan);
	up_read(&cache->lock);
	return freed;
}

int both_read_start(struct both_read *cache)
{
	init_rwsem(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "both_read");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = both_read_count;
	cache->shrinker->scan_objects = both_read_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
