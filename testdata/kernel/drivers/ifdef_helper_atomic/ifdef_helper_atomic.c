// SPDX-License-Identifier: MIT
/*
 * As ifdef_helper, with the bodies the other way round: with every option on, the mask has no
 * direct reclaim.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct two_bodies_now {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#ifdef CONFIG_SLOW_PROBE
static inline gfp_t two_bodies_now_mask(void)
{
	return GFP_NOWAIT;
}
#else
static inline gfp_t two_bodies_now_mask(void)
{
	return GFP_USER;
}
#endif

int two_bodies_now_add(struct two_bodies_now *pool)
{
	unsigned long addr;

	mutex_lock(&pool->lock);
	addr = __get_free_page(two_bodies_now_mask() | __GFP_NOWARN);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	mutex_unlock(&pool->lock);
	return addr ? 0 : -ENOMEM;
}

static int two_bodies_now_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct two_bodies_now *pool = container_of(nb, struct two_bodies_now, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct two_bodies_now.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int two_bodies_now_start(struct two_bodies_now *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = two_bodies_now_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
