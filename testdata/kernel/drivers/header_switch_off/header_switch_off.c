// SPDX-License-Identifier: MIT
/*
 * The same, but the header gives the number another value.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

#include "header_switch_off.h"

struct header_switch_off {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int header_switch_off_fill(struct header_switch_off *pool)
{
	unsigned long addr = 0;

	mutex_lock(&pool->lock);
#if defined(HEADER_SWITCH_OFF_FILLS) && HEADER_SWITCH_OFF_PAGES > 2
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
#endif
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int header_switch_off_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct header_switch_off *pool = container_of(nb, struct header_switch_off, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct header_switch_off.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int header_switch_off_start(struct header_switch_off *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = header_switch_off_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
