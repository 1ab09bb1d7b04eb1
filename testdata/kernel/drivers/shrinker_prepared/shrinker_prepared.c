// SPDX-License-Identifier: MIT
/*
 * prealloc_shrinker() and register_shrinker_prepared() (4.16 to 6.6).
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct prepared {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker shrinker;
};

struct prepared_entry {
	struct list_head lru;
	u64 key;
};

int prepared_insert(struct prepared *cache, u64 key)
{
	struct prepared_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct prepared.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long prepared_drop(struct prepared *cache, unsigned long nr)
{
	struct prepared_entry *entry, *next;
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

static unsigned long prepared_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct prepared *cache = container_of(shrinker, struct prepared, shrinker);

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long prepared_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct prepared *cache = container_of(shrinker, struct prepared, shrinker);
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct prepared.lock */
	freed = prepared_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int prepared_start(struct prepared *cache)
{
	int err;

	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker.count_objects = prepared_count;
	cache->shrinker.scan_objects = prepared_scan;
	cache->shrinker.seeks = DEFAULT_SEEKS;
	err = prealloc_shrinker(&cache->shrinker, "prepared");
	if (err)
		return err;
	register_shrinker_prepared(&cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
