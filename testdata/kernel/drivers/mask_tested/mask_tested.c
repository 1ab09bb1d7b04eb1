// SPDX-License-Identifier: MIT
/*
 * The function asks gfpflags_allow_blocking() before it allocates, and the caller's mask says no.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct asking {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static void *asking_buffer(gfp_t gfp)
{
	if (!gfpflags_allow_blocking(gfp))
		return NULL;
	return kmalloc(4096, GFP_KERNEL);
}

void *asking_try(struct asking *pool)
{
	void *buffer;

	mutex_lock(&pool->lock);
	buffer = asking_buffer(GFP_NOWAIT);
	mutex_unlock(&pool->lock);
	return buffer;
}

void *asking_get(struct asking *pool)
{
	void *buffer;

	mutex_lock(&pool->lock);
	buffer = asking_buffer(GFP_NOIO);	/* want GFP001: struct asking.lock */
	mutex_unlock(&pool->lock);
	return buffer;
}

static int asking_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct asking *pool = container_of(nb, struct asking, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct asking.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int asking_start(struct asking *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = asking_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
