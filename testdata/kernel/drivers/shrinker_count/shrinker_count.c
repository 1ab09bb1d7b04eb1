// SPDX-License-Identifier: MIT
/*
 * Only count_objects() waits; scan_objects() tries.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct counted {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct counted_entry {
	struct list_head lru;
	u64 key;
};

int counted_insert(struct counted *cache, u64 key)
{
	struct counted_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct counted.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long counted_drop(struct counted *cache, unsigned long nr)
{
	struct counted_entry *entry, *next;
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

static unsigned long counted_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct counted *cache = shrinker->private_data;
	unsigned long nr;

	mutex_lock(&cache->lock);	/* want-callback: struct counted.lock */
	nr = cache->nr_unused;
	mutex_unlock(&cache->lock);
	return nr;
}

static unsigned long counted_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct counted *cache = shrinker->private_data;
	unsigned long freed;

	if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = counted_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int counted_start(struct counted *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "counted");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = counted_count;
	cache->shrinker->scan_objects = counted_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
