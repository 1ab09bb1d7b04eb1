// SPDX-License-Identifier: MIT
/*
 * What is waited for on the way to panic() is no deadlock's matter: nothing comes after. What is waited for where
 * only one way leads there is.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct panics {
	struct mutex dump_lock;
	struct mutex check_lock;
	int broken;
	void *data;
	struct notifier_block oom_nb;
};

static void panics_report(struct panics *cache)
{
	mutex_lock(&cache->dump_lock);
	mutex_unlock(&cache->dump_lock);
}

static int panics_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct panics *cache = container_of(nb, struct panics, oom_nb);

	if (cache->broken) {
		panics_report(cache);
		panic("the cache is broken");
	}
	mutex_lock(&cache->check_lock);	/* want-callback: struct panics.check_lock */
	if (cache->broken)
		panic("the cache is broken");
	mutex_unlock(&cache->check_lock);
	return NOTIFY_OK;
}

int panics_fill(struct panics *cache)
{
	mutex_lock(&cache->dump_lock);
	cache->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&cache->dump_lock);
	return cache->data ? 0 : -ENOMEM;
}

int panics_fill_checked(struct panics *cache)
{
	mutex_lock(&cache->check_lock);
	cache->data = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct panics.check_lock */
	mutex_unlock(&cache->check_lock);
	return cache->data ? 0 : -ENOMEM;
}

int panics_start(struct panics *cache)
{
	mutex_init(&cache->dump_lock);
	mutex_init(&cache->check_lock);
	cache->oom_nb.notifier_call = panics_oom_notify;
	return register_oom_notifier(&cache->oom_nb);
}

MODULE_LICENSE("MIT");
