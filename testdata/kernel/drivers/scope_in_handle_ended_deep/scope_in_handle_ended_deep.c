// SPDX-License-Identifier: MIT
/*
 * Whoever has a handle is in the scope that its maker entered; but here it ends before the lock is taken, four
 * calls down.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct scope_in_handle_ended_deep {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct scope_in_handle_ended_deep_entry {
	struct list_head lru;
	u64 key;
};

/* Lives as long as the scope that its maker enters. */
struct scope_in_handle_ended_deep_handle {
	unsigned int cookie;
	unsigned long changes;
};

static inline void scope_in_handle_ended_deep_enter(struct scope_in_handle_ended_deep_handle *handle)
{
	handle->cookie = memalloc_nofs_save();
}

struct scope_in_handle_ended_deep_handle *scope_in_handle_ended_deep_begin(void)
{
	struct scope_in_handle_ended_deep_handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL);

	if (handle)
		scope_in_handle_ended_deep_enter(handle);
	return handle;
}

void scope_in_handle_ended_deep_end(struct scope_in_handle_ended_deep_handle *handle)
{
	memalloc_nofs_restore(handle->cookie);
	kfree(handle);
}

static void scope_in_handle_ended_deep_give_back(struct scope_in_handle_ended_deep_handle *handle)
{
	scope_in_handle_ended_deep_end(handle);
}

static int scope_in_handle_ended_deep_write_out(struct scope_in_handle_ended_deep_handle *handle)
{
	int err = handle->changes > 1000 ? -ENOMEM : 0;

	scope_in_handle_ended_deep_give_back(handle);
	return err;
}

int scope_in_handle_ended_deep_commit(struct scope_in_handle_ended_deep_handle *handle)
{
	return scope_in_handle_ended_deep_write_out(handle);
}

static struct scope_in_handle_ended_deep_entry *scope_in_handle_ended_deep_new(u64 key)
{
	struct scope_in_handle_ended_deep_entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);

	if (entry)
		entry->key = key;
	return entry;
}

int scope_in_handle_ended_deep_add(struct scope_in_handle_ended_deep *cache, struct scope_in_handle_ended_deep_handle *handle, u64 key)
{
	struct scope_in_handle_ended_deep_entry *entry;

	handle->changes++;
	if (scope_in_handle_ended_deep_commit(handle))
		return -EINVAL;
	mutex_lock(&cache->lock);
	entry = scope_in_handle_ended_deep_new(key);	/* want GFP003: struct scope_in_handle_ended_deep.lock */
	if (entry) {
		list_add(&entry->lru, &cache->unused);
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}


/* With the cache's lock held. */
static unsigned long scope_in_handle_ended_deep_drop(struct scope_in_handle_ended_deep *cache, unsigned long nr)
{
	struct scope_in_handle_ended_deep_entry *entry, *next;
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

static unsigned long scope_in_handle_ended_deep_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct scope_in_handle_ended_deep *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long scope_in_handle_ended_deep_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct scope_in_handle_ended_deep *cache = shrinker->private_data;
	unsigned long freed;

	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	mutex_lock(&cache->lock);	/* want-callback: struct scope_in_handle_ended_deep.lock */
	freed = scope_in_handle_ended_deep_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int scope_in_handle_ended_deep_start(struct scope_in_handle_ended_deep *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "scope_in_handle_ended_deep");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = scope_in_handle_ended_deep_count;
	cache->shrinker->scan_objects = scope_in_handle_ended_deep_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
