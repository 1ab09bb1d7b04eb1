// SPDX-License-Identifier: MIT
/*
 * Memory is allocated only for an area with a file, which this one is given.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct invariant_set {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct invariant_set_entry {
	struct list_head lru;
	u64 key;
};

struct invariant_set_event {
	struct vm_area_struct *vma;
	u64 start;
	char name[16];
};

static void invariant_set_name(struct invariant_set_event *event)
{
	struct vm_area_struct *vma = event->vma;
	struct file *file = vma->vm_file;
	char *buffer = NULL;

	if (vma->vm_flags & VM_WRITE)
		event->name[0] = 'w';
	if (file)
		buffer = kmalloc(PAGE_SIZE, GFP_KERNEL);
	event->name[1] = buffer ? 'f' : 's';
	kfree(buffer);
}

static void invariant_set_tell(struct vm_area_struct *vma)
{
	struct invariant_set_event event;

	event = (struct invariant_set_event) {
		.vma = vma,
		.start = vma->vm_start,
	};
	invariant_set_name(&event);
}

int invariant_set_grow(struct invariant_set *cache, struct vm_area_struct *vma, struct file *file, unsigned long start)
{
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return -EINVAL;
	mutex_lock(&cache->lock);
	if (start < vma->vm_start) {
		vma->vm_start = start;
		vma->vm_file = file;
		invariant_set_tell(vma);	/* want GFP003: struct invariant_set.lock */
	}
	mutex_unlock(&cache->lock);
	return 0;
}


/* With the cache's lock held. */
static unsigned long invariant_set_drop(struct invariant_set *cache, unsigned long nr)
{
	struct invariant_set_entry *entry, *next;
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

static unsigned long invariant_set_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct invariant_set *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long invariant_set_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct invariant_set *cache = shrinker->private_data;
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct invariant_set.lock */
	freed = invariant_set_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int invariant_set_start(struct invariant_set *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "invariant_set");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = invariant_set_count;
	cache->shrinker->scan_objects = invariant_set_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
