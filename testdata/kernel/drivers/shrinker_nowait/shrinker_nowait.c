// SPDX-License-Identifier: MIT
/*
 * As shrinker_scan, but the allocation doesn't reclaim.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct unwaiting {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct unwaiting_entry {
	struct list_head lru;
	u64 key;
};

int unwaiting_insert(struct unwaiting *cache, u64 key)
{
	struct unwaiting_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_NOWAIT);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long unwaiting_drop(struct unwaiting *cache, unsigned long nr)
{
	struct unwaiting_entry *entry, *next;
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

static unsigned long unwaiting_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct unwaiting *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long unwaiting_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct unwaiting *cache = shrinker->private_data;
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct unwaiting.lock */
	freed = unwaiting_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int unwaiting_start(struct unwaiting *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "unwaiting");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = unwaiting_count;
	cache->shrinker->scan_objects = unwaiting_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
