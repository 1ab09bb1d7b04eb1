// SPDX-License-Identifier: MIT
/*
 * Columns count characters: a tab is one, and so is a letter that takes two bytes in UTF-8. Größe,
 * naïve, 页.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct tabbed {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int tabbed_add(struct tabbed *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	/* größer → */	addr	=	__get_free_page(GFP_KERNEL);	/* want GFP001: struct tabbed.lock; at __get_free_page */
	pr_info("Größe: %u 页 %p\n", pool->nr_spare, kzalloc(8, GFP_NOWAIT));
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

int tabbed_pair(struct tabbed *pool)
{
	mutex_lock(&pool->lock);
	pool->spare[0] = __get_free_page(GFP_ATOMIC), /* é */ pool->spare[1] = get_zeroed_page(GFP_KERNEL);	/* want GFP001: struct tabbed.lock; at get_zeroed_page */
	mutex_unlock(&pool->lock);
	return 0;
}

static int tabbed_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct tabbed *pool = container_of(nb, struct tabbed, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct tabbed.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int tabbed_start(struct tabbed *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = tabbed_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
