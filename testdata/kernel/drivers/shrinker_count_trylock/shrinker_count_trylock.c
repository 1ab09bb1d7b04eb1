// SPDX-License-Identifier: MIT
/*
 * As shrinker_count, but count_objects() tries too, and answers 0.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct count_tried {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct count_tried_entry {
	struct list_head lru;
	u64 key;
};

int count_tried_insert(struct count_tried *cache, u64 key)
{
	struct count_tried_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long count_tried_drop(struct count_tried *cache, unsigned long nr)
{
	struct count_tried_entry *entry, *next;
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

static unsigned long count_tried_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct count_tried *cache = shrinker->private_data;
	unsigned long nr;

	if (!mutex_trylock(&cache->lock))
		return 0;
	nr = cache->nr_unused;
	mutex_unlock(&cache->lock);
	return nr;
}

static unsigned long count_tried_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct count_tried *cache = shrinker->private_data;
	unsigned long freed;

	if (!mutex_trylock(&cache->lock))
		return SHRINK_STOP;
	freed = count_tried_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int count_tried_start(struct count_tried *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "count_tried");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = count_tried_count;
	cache->shrinker->scan_objects = count_tried_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
