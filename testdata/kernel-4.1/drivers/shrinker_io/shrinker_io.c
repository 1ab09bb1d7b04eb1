// SPDX-License-Identifier: MIT
/*
 * The shrinker tests __GFP_IO, which a noio scope takes away.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct io_tested_of_old {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker shrinker;
};

struct io_tested_of_old_entry {
	struct list_head lru;
	u64 key;
};

int io_tested_of_old_insert(struct io_tested_of_old *cache, u64 key)
{
	struct io_tested_of_old_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_NOFS);	/* want GFP003: struct io_tested_of_old.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int io_tested_of_old_insert_noio(struct io_tested_of_old *cache, u64 key)
{
	struct io_tested_of_old_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_NOIO);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

int io_tested_of_old_insert_scope(struct io_tested_of_old *cache, u64 key)
{
	unsigned int flags = memalloc_noio_save();
	struct io_tested_of_old_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	memalloc_noio_restore(flags);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long io_tested_of_old_drop(struct io_tested_of_old *cache, unsigned long nr)
{
	struct io_tested_of_old_entry *entry, *next;
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

static unsigned long io_tested_of_old_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct io_tested_of_old *cache = container_of(shrinker, struct io_tested_of_old, shrinker);

	return cache->nr_unused;
}

static unsigned long io_tested_of_old_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct io_tested_of_old *cache = container_of(shrinker, struct io_tested_of_old, shrinker);
	unsigned long freed;

	if (sc->gfp_mask & __GFP_IO)
		mutex_lock(&cache->lock);	/* want-callback: struct io_tested_of_old.lock */
	else if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = io_tested_of_old_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int io_tested_of_old_start(struct io_tested_of_old *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker.count_objects = io_tested_of_old_count;
	cache->shrinker.scan_objects = io_tested_of_old_scan;
	cache->shrinker.seeks = DEFAULT_SEEKS;
	return register_shrinker(&cache->shrinker);
}

MODULE_LICENSE("MIT");
