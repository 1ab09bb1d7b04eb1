// SPDX-License-Identifier: MIT
/*
 * A macro at file scope makes the whole function that holds the lock; the one it calls has a head by macro.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct function_macro_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define STORE(fn)							\
static int fn ## _store(struct function_macro_pool *pool, unsigned int n)

#define STORE_LOCKED(fn)						\
STORE(fn)								\
{									\
	int ret;							\
									\
	mutex_lock(&pool->lock);					\
	ret = __ ## fn ## _store(pool, n);				\
	mutex_unlock(&pool->lock);					\
	return ret;							\
}

STORE(__function_macro)
{
	while (n--) {
		unsigned long addr = __get_free_page(GFP_KERNEL);

		if (!addr)
			return -ENOMEM;
		pool->spare[pool->nr_spare++] = addr;
	}
	return 0;
}
STORE_LOCKED(function_macro)	/* want-taken: struct function_macro_pool.lock */	/* want GFP001: struct function_macro_pool.lock */

int function_macro_fill(struct function_macro_pool *pool)
{
	return function_macro_store(pool, 16);
}

static int function_macro_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct function_macro_pool *pool = container_of(nb, struct function_macro_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct function_macro_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int function_macro_start(struct function_macro_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = function_macro_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
