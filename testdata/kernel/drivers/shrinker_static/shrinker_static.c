// SPDX-License-Identifier: MIT
/*
 * A static shrinker, registered with a name (6.0 to 6.6).
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct static_shrinker_entry {
	struct list_head lru;
	u64 key;
};

static DEFINE_MUTEX(static_shrinker_lock);
static LIST_HEAD(static_shrinker_unused);
static unsigned long static_shrinker_nr;

int static_shrinker_insert(u64 key)
{
	struct static_shrinker_entry *entry;

	mutex_lock(&static_shrinker_lock);
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP003: static_shrinker_lock */
	if (entry) {
		entry->key = key;
		list_add(&entry->lru, &static_shrinker_unused);
		static_shrinker_nr++;
	}
	mutex_unlock(&static_shrinker_lock);
	return entry ? 0 : -ENOMEM;
}

static unsigned long static_shrinker_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return static_shrinker_nr;
}

static unsigned long static_shrinker_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct static_shrinker_entry *entry, *next;

	mutex_lock(&static_shrinker_lock);	/* want-callback: static_shrinker_lock */
	list_for_each_entry_safe(entry, next, &static_shrinker_unused, lru) {
		list_del(&entry->lru);
		kfree(entry);
	}
	static_shrinker_nr = 0;
	mutex_unlock(&static_shrinker_lock);
	return sc->nr_to_scan;
}

static struct shrinker static_shrinker_shrinker = {
	.count_objects = static_shrinker_count,
	.scan_objects = static_shrinker_scan,
	.seeks = DEFAULT_SEEKS,
};

int static_shrinker_init(void)
{
	return register_shrinker(&static_shrinker_shrinker, "static_shrinker-%d", 1);
}

MODULE_LICENSE("MIT");
