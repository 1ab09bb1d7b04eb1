// SPDX-License-Identifier: MIT
/*
 * The mask is kept in the structure, and nobody ever stores one that blocks.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct field_now {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	gfp_t now_mask;
};

int field_now_add(struct field_now *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(pool->now_mask);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int field_now_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct field_now *pool = container_of(nb, struct field_now, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct field_now.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int field_now_start(struct field_now *pool, bool urgent)
{
	mutex_init(&pool->lock);
	pool->now_mask = GFP_NOWAIT;
	if (urgent)
		pool->now_mask = GFP_ATOMIC | __GFP_NOWARN;
	pool->oom_nb.notifier_call = field_now_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
