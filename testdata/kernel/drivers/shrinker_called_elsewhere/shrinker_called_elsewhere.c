// SPDX-License-Identifier: MIT
/*
 * The OOM notifier of the same driver calls the shrinker through its field. That call is reclaim's
 * affair, and GFP003 says it; the OOM notifier isn't said to wait for the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct called_elsewhere {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
	struct notifier_block oom_nb;
};

struct called_elsewhere_entry {
	struct list_head lru;
	u64 key;
};

int called_elsewhere_insert(struct called_elsewhere *cache, u64 key)
{
	struct called_elsewhere_entry *entry;

	mutex_lock(&cache->lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: struct called_elsewhere.lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &cache->unused);
		cache->nr_unused++;
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}

/* With the cache's lock held. */
static unsigned long called_elsewhere_drop(struct called_elsewhere *cache, unsigned long nr)
{
	struct called_elsewhere_entry *entry, *next;
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

static unsigned long called_elsewhere_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct called_elsewhere *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long called_elsewhere_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct called_elsewhere *cache = shrinker->private_data;
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct called_elsewhere.lock */
	freed = called_elsewhere_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

static int called_elsewhere_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct called_elsewhere *cache = container_of(nb, struct called_elsewhere, oom_nb);
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = 128 };
	unsigned long *freed = data;

	*freed += cache->shrinker->scan_objects(cache->shrinker, &sc);
	return NOTIFY_OK;
}

int called_elsewhere_start(struct called_elsewhere *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "called_elsewhere");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = called_elsewhere_count;
	cache->shrinker->scan_objects = called_elsewhere_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	cache->oom_nb.notifier_call = called_elsewhere_oom_notify;
	return register_oom_notifier(&cache->oom_nb);
}

MODULE_LICENSE("MIT");
