// SPDX-License-Identifier: MIT
/*
 * The base mask comes from a helper with two bodies. Where nobody gives a configuration, every
 * option is on and the first body counts.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct two_bodies {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#ifdef CONFIG_SLOW_PROBE
static inline gfp_t two_bodies_mask(void)
{
	return GFP_HIGHUSER & ~__GFP_HIGHMEM;
}
#else
static inline gfp_t two_bodies_mask(void)
{
	return GFP_NOWAIT;
}
#endif

int two_bodies_add(struct two_bodies *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(two_bodies_mask() | __GFP_NOWARN);	/* want GFP001: struct two_bodies.lock */
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int two_bodies_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct two_bodies *pool = container_of(nb, struct two_bodies, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct two_bodies.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int two_bodies_start(struct two_bodies *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = two_bodies_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
