// SPDX-License-Identifier: MIT
/*
 * The same, but the function that the macro makes has given the lock up before it calls the other one.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct function_macro_after_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define STORE(fn)							\
static int fn ## _store(struct function_macro_after_pool *pool, unsigned int n)

#define STORE_LOCKED(fn)						\
STORE(fn)								\
{									\
	int ret;							\
									\
	mutex_lock(&pool->lock);					\
	pool->nr_spare = 0;						\
	mutex_unlock(&pool->lock);					\
	ret = __ ## fn ## _store(pool, n);				\
	return ret;							\
}

STORE(__function_macro_after)
{
	while (n--) {
		unsigned long addr = __get_free_page(GFP_KERNEL);

		if (!addr)
			return -ENOMEM;
		pool->spare[pool->nr_spare++] = addr;
	}
	return 0;
}
STORE_LOCKED(function_macro_after)

int function_macro_after_fill(struct function_macro_after_pool *pool)
{
	return function_macro_after_store(pool, 16);
}

static int function_macro_after_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct function_macro_after_pool *pool = container_of(nb, struct function_macro_after_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct function_macro_after_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int function_macro_after_start(struct function_macro_after_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = function_macro_after_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
