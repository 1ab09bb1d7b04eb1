// SPDX-License-Identifier: MIT
/*
 * The shrinker is allocated and registered through a local variable, in a helper that gets the
 * functions.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct locally_kept {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct locally_kept_entry {
	struct list_head lru;
	u64 key;
};

int locally_kept_insert(struct locally_kept *cache, u64 key)
{
	struct locally_kept_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct locally_kept.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long locally_kept_drop(struct locally_kept *cache, unsigned long nr)
{
	struct locally_kept_entry *entry, *next;
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

static unsigned long locally_kept_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct locally_kept *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long locally_kept_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct locally_kept *cache = shrinker->private_data;
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct locally_kept.lock */
	freed = locally_kept_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

static struct shrinker *locally_kept_shrinker_of(void *data,
				      unsigned long (*count)(struct shrinker *, struct shrink_control *),
				      unsigned long (*scan)(struct shrinker *, struct shrink_control *))
{
	struct shrinker *shrinker = shrinker_alloc(0, "locally_kept");

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->private_data = data;
	shrinker_register(shrinker);
	return shrinker;
}

int locally_kept_start(struct locally_kept *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = locally_kept_shrinker_of(cache, locally_kept_count, locally_kept_scan);
	return cache->shrinker ? 0 : -ENOMEM;
}

MODULE_LICENSE("MIT");
