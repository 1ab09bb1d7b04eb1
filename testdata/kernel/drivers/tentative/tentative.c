// SPDX-License-Identifier: MIT
/*
 * A shrinker that is declared before it is registered, and set only further down, or in another file.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include "tentative.h"

struct tentative {
	struct mutex near_lock;
	struct mutex idle_lock;
	void *data;
};

extern struct mutex tentative_far_lock;

static struct tentative tentative_store;
static struct shrinker tentative_near_shrinker;

int tentative_init(void)
{
	int ret = register_shrinker(&tentative_near_shrinker, "near");

	return ret ? ret : register_shrinker(&tentative_far_shrinker, "far");
}

int tentative_fill(size_t length)
{
	mutex_lock(&tentative_store.near_lock);
	tentative_store.data = kmalloc(length, GFP_KERNEL);	/* want GFP003: struct tentative.near_lock */
	mutex_unlock(&tentative_store.near_lock);
	return tentative_store.data ? 0 : -ENOMEM;
}

int tentative_fill_far(size_t length)
{
	mutex_lock(&tentative_far_lock);
	tentative_store.data = kmalloc(length, GFP_KERNEL);	/* want GFP003: tentative_far_lock */
	mutex_unlock(&tentative_far_lock);
	return tentative_store.data ? 0 : -ENOMEM;
}

/* Its shrinker is declared and set, but nobody registers it. */
int tentative_fill_idle(size_t length)
{
	mutex_lock(&tentative_store.idle_lock);
	tentative_store.data = kmalloc(length, GFP_KERNEL);
	mutex_unlock(&tentative_store.idle_lock);
	return tentative_store.data ? 0 : -ENOMEM;
}

static unsigned long tentative_near_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	mutex_lock(&tentative_store.near_lock);	/* want-callback: struct tentative.near_lock */
	kfree(tentative_store.data);
	tentative_store.data = NULL;
	mutex_unlock(&tentative_store.near_lock);
	return 1;
}

static unsigned long tentative_idle_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	mutex_lock(&tentative_store.idle_lock);
	mutex_unlock(&tentative_store.idle_lock);
	return 1;
}

static struct shrinker tentative_near_shrinker = {
	.scan_objects = tentative_near_scan,
	.seeks = DEFAULT_SEEKS,
};

struct shrinker tentative_idle_shrinker = {
	.scan_objects = tentative_idle_scan,
	.seeks = DEFAULT_SEEKS,
};

MODULE_LICENSE("MIT");
