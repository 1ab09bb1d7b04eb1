// SPDX-License-Identifier: MIT
/*
 * The OOM notifier calls the kernel's own loop over all shrinkers: that doesn't put every shrinker's
 * lock under GFP001.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct slab_dropped {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
	struct notifier_block oom_nb;
};

struct slab_dropped_entry {
	struct list_head lru;
	u64 key;
};

int slab_dropped_insert(struct slab_dropped *cache, u64 key)
{
	struct slab_dropped_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct slab_dropped.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long slab_dropped_drop(struct slab_dropped *cache, unsigned long nr)
{
	struct slab_dropped_entry *entry, *next;
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

static unsigned long slab_dropped_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct slab_dropped *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long slab_dropped_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct slab_dropped *cache = shrinker->private_data;
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct slab_dropped.lock */
	freed = slab_dropped_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

static int slab_dropped_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	unsigned long *freed = data;

	*freed += drop_slab(0);
	return NOTIFY_OK;
}

int slab_dropped_start(struct slab_dropped *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "slab_dropped");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = slab_dropped_count;
	cache->shrinker->scan_objects = slab_dropped_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	cache->oom_nb.notifier_call = slab_dropped_oom_notify;
	return register_oom_notifier(&cache->oom_nb);
}

MODULE_LICENSE("MIT");
