// SPDX-License-Identifier: MIT
/*
 * A handle keeps the cookie only while it is locked: who has one need not be in the scope.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct scope_in_handle_locked {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct scope_in_handle_locked_entry {
	struct list_head lru;
	u64 key;
};

/* Keeps the cookie only while it is locked. */
struct scope_in_handle_locked_handle {
	struct mutex busy;
	unsigned int cookie;
	unsigned long changes;
};

static inline void scope_in_handle_locked_enter(struct scope_in_handle_locked_handle *handle)
{
	mutex_lock(&handle->busy);
	handle->cookie = memalloc_nofs_save();
}

void scope_in_handle_locked_leave(struct scope_in_handle_locked_handle *handle)
{
	memalloc_nofs_restore(handle->cookie);
	mutex_unlock(&handle->busy);
}

struct scope_in_handle_locked_handle *scope_in_handle_locked_begin(void)
{
	struct scope_in_handle_locked_handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL);

	if (!handle)
		return NULL;
	mutex_init(&handle->busy);
	scope_in_handle_locked_enter(handle);
	handle->changes = 1;
	scope_in_handle_locked_leave(handle);
	return handle;
}

static struct scope_in_handle_locked_entry *scope_in_handle_locked_new(u64 key)
{
	struct scope_in_handle_locked_entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);

	if (entry)
		entry->key = key;
	return entry;
}

int scope_in_handle_locked_add(struct scope_in_handle_locked *cache, struct scope_in_handle_locked_handle *handle, u64 key)
{
	struct scope_in_handle_locked_entry *entry;

	handle->changes++;
	mutex_lock(&cache->lock);
	entry = scope_in_handle_locked_new(key);	/* want GFP003: struct scope_in_handle_locked.lock */
	if (entry) {
		list_add(&entry->lru, &cache->unused);
	}
	mutex_unlock(&cache->lock);
	return entry ? 0 : -ENOMEM;
}


/* With the cache's lock held. */
static unsigned long scope_in_handle_locked_drop(struct scope_in_handle_locked *cache, unsigned long nr)
{
	struct scope_in_handle_locked_entry *entry, *next;
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

static unsigned long scope_in_handle_locked_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct scope_in_handle_locked *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long scope_in_handle_locked_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct scope_in_handle_locked *cache = shrinker->private_data;
	unsigned long freed;

	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	mutex_lock(&cache->lock);	/* want-callback: struct scope_in_handle_locked.lock */
	freed = scope_in_handle_locked_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int scope_in_handle_locked_start(struct scope_in_handle_locked *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "scope_in_handle_locked");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = scope_in_handle_locked_count;
	cache->shrinker->scan_objects = scope_in_handle_locked_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
