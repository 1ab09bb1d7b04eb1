// SPDX-License-Identifier: MIT
/*
 * As shrinker_read_read, but the thread that allocates is a writer.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct one_writes {
	struct rw_semaphore lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct one_writes_entry {
	struct list_head lru;
	u64 key;
};

int one_writes_insert(struct one_writes *cache, u64 key)
{
	struct one_writes_entry *entry;

	down_write(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct one_writes.lock; confidence high */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	up_write(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long one_writes_drop(struct one_writes *cache, unsigned long nr)
{
	struct one_writes_entry *entry, *next;
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

static unsigned long one_writes_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct one_writes *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long one_writes_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct one_writes *cache = shrinker->private_data;
	unsigned long freed;

	down_read(&cache->lock);	/* want-callback: struct one_writes.lock */
	freed = one_writes_drop(cache, sc->nr_to_scan);
	up_read(&cache->lock);
	return freed;
}

int one_writes_start(struct one_writes *cache)
{
	init_rwsem(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "one_writes");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = one_writes_count;
	cache->shrinker->scan_objects = one_writes_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
