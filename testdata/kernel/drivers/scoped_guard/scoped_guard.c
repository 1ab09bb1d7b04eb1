// SPDX-License-Identifier: MIT
/*
 * scoped_guard() holds for its statement; break and continue leave it too.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct scope_guarded {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int scope_guarded_add(struct scope_guarded *pool, unsigned int n)
{
	unsigned long addr = 0;
	void *table;

	while (n--) {
		scoped_guard(mutex, &pool->lock) {	/* want-taken: struct scope_guarded.lock */
			if (pool->nr_spare == ARRAY_SIZE(pool->spare))
				break;
			addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct scope_guarded.lock */
			if (!addr)
				return -ENOMEM;
			pool->spare[pool->nr_spare++] = addr;
		}
		table = kzalloc(64, GFP_KERNEL);
		kfree(table);
	}
	return 0;
}

static int scope_guarded_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct scope_guarded *pool = container_of(nb, struct scope_guarded, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct scope_guarded.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int scope_guarded_start(struct scope_guarded *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = scope_guarded_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
