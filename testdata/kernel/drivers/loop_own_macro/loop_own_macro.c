// SPDX-License-Identifier: MIT
/*
 * A loop macro of the driver, known to .clang-format, without a brace behind it. In the second
 * function the lock is dropped before the loop allocates.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct slotted {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

#define pool_for_each_slot(p, i) \
	for ((i) = 0; (i) < (int)(p)->nr_spare; (i)++)

void slotted_fill(struct slotted *pool)
{
	int i;

	mutex_lock(&pool->lock);
	pool_for_each_slot(pool, i)
		pool->spare[i] = __get_free_page(GFP_KERNEL);	/* want GFP001: struct slotted.lock */
	mutex_unlock(&pool->lock);
}

void slotted_refill(struct slotted *pool)
{
	int i;

	mutex_lock(&pool->lock);
	pool->nr_spare = ARRAY_SIZE(pool->spare);
	mutex_unlock(&pool->lock);
	pool_for_each_slot(pool, i) {
		if (!pool->spare[i])
			pool->spare[i] = __get_free_page(GFP_KERNEL);
	}
}

static int slotted_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct slotted *pool = container_of(nb, struct slotted, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct slotted.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int slotted_start(struct slotted *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = slotted_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
