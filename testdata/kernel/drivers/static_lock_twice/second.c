// SPDX-License-Identifier: MIT
/*
 * The other one: no notifier of its own, so what it does under its cache_lock is nobody's business.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

static DEFINE_MUTEX(cache_lock);
static unsigned long cached;

int second_cache_add(void)
{
	mutex_lock(&cache_lock);
	if (!cached)
		cached = __get_free_page(GFP_KERNEL);
	mutex_unlock(&cache_lock);
	return cached ? 0 : -ENOMEM;
}

MODULE_LICENSE("MIT");
