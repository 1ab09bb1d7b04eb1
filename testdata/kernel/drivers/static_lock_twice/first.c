// SPDX-License-Identifier: MIT
/*
 * Two drivers have a static mutex of the same name. Here is the one whose mutex the notifier takes;
 * it allocates before.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

static DEFINE_MUTEX(cache_lock);
static unsigned long cached;

int first_cache_add(void)
{
	unsigned long addr = __get_free_page(GFP_KERNEL);

	mutex_lock(&cache_lock);
	if (!cached)
		cached = addr;
	mutex_unlock(&cache_lock);
	return addr ? 0 : -ENOMEM;
}

static int first_cache_oom(struct notifier_block *nb, unsigned long action, void *data)
{
	mutex_lock(&cache_lock);	/* want-callback: cache_lock */
	if (cached)
		*(unsigned long *)data += 1;
	free_page(cached);
	cached = 0;
	mutex_unlock(&cache_lock);
	return NOTIFY_OK;
}

static struct notifier_block first_cache_nb = { .notifier_call = first_cache_oom };

static int __init first_cache_init(void)
{
	return register_oom_notifier(&first_cache_nb);
}
module_init(first_cache_init);

MODULE_LICENSE("MIT");
