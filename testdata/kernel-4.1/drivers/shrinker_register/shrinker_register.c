// SPDX-License-Identifier: MIT
/*
 * register_shrinker() as it was up to 5.19: without a name.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct registered_plainly {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker shrinker;
};

struct registered_plainly_entry {
	struct list_head lru;
	u64 key;
};

int registered_plainly_insert(struct registered_plainly *cache, u64 key)
{
	struct registered_plainly_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct registered_plainly.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long registered_plainly_drop(struct registered_plainly *cache, unsigned long nr)
{
	struct registered_plainly_entry *entry, *next;
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

static unsigned long registered_plainly_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct registered_plainly *cache = container_of(shrinker, struct registered_plainly, shrinker);

	return cache->nr_unused;
}

static unsigned long registered_plainly_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct registered_plainly *cache = container_of(shrinker, struct registered_plainly, shrinker);
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct registered_plainly.lock */
	freed = registered_plainly_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int registered_plainly_start(struct registered_plainly *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker.count_objects = registered_plainly_count;
	cache->shrinker.scan_objects = registered_plainly_scan;
	cache->shrinker.seeks = DEFAULT_SEEKS;
	return register_shrinker(&cache->shrinker);
}

MODULE_LICENSE("MIT");
