// SPDX-License-Identifier: MIT
/*
 * Memory is allocated only for an area with a file, which this one may have: the flag says nothing of that.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct invariant_other_flag {
	struct mutex lock;
	struct list_head unused;
	unsigned long nr_unused;
	struct shrinker *shrinker;
};

struct invariant_other_flag_entry {
	struct list_head lru;
	u64 key;
};

struct invariant_other_flag_event {
	struct vm_area_struct *vma;
	u64 start;
	char name[16];
};

static void invariant_other_flag_name(struct invariant_other_flag_event *event)
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

static void invariant_other_flag_tell(struct vm_area_struct *vma)
{
	struct invariant_other_flag_event event;

	event = (struct invariant_other_flag_event) {
		.vma = vma,
		.start = vma->vm_start,
	};
	invariant_other_flag_name(&event);
}

int invariant_other_flag_grow(struct invariant_other_flag *cache, struct vm_area_struct *vma, unsigned long start)
{
	if (!(vma->vm_flags & VM_LOCKED))
		return -EINVAL;
	mutex_lock(&cache->lock);
	if (start < vma->vm_start) {
		vma->vm_start = start;
		invariant_other_flag_tell(vma);	/* want GFP003: struct invariant_other_flag.lock */
	}
	mutex_unlock(&cache->lock);
	return 0;
}


/* With the cache's lock held. */
static unsigned long invariant_other_flag_drop(struct invariant_other_flag *cache, unsigned long nr)
{
	struct invariant_other_flag_entry *entry, *next;
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

static unsigned long invariant_other_flag_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct invariant_other_flag *cache = shrinker->private_data;

	return cache->nr_unused ? cache->nr_unused : SHRINK_EMPTY;
}

static unsigned long invariant_other_flag_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct invariant_other_flag *cache = shrinker->private_data;
	unsigned long freed;

	mutex_lock(&cache->lock);	/* want-callback: struct invariant_other_flag.lock */
	freed = invariant_other_flag_drop(cache, sc->nr_to_scan);
	mutex_unlock(&cache->lock);
	return freed;
}

int invariant_other_flag_start(struct invariant_other_flag *cache)
{
	mutex_init(&cache->lock);
	INIT_LIST_HEAD(&cache->unused);
	cache->shrinker = shrinker_alloc(0, "invariant_other_flag");
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = invariant_other_flag_count;
	cache->shrinker->scan_objects = invariant_other_flag_scan;
	cache->shrinker->seeks = DEFAULT_SEEKS;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
