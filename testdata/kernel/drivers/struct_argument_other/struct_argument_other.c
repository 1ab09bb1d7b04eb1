// SPDX-License-Identifier: MIT
/*
 * The nearest neighbour of struct_argument_branch: another field is set on one path.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct struct_argument_other {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct struct_argument_other_request {
	unsigned int pages;
	bool may_grow;
};

static int struct_argument_other_handle(struct struct_argument_other *pool, struct struct_argument_other_request *request)
{
	if (!request->may_grow)
		return 0;
	pool->spare[0] = __get_free_page(GFP_KERNEL);
	return pool->spare[0] ? 0 : -ENOMEM;
}

int struct_argument_other_add(struct struct_argument_other *pool, bool urgent)
{
	struct struct_argument_other_request request = { .pages = 1 };
	int err;

	if (urgent)
		request.pages = 2;
	mutex_lock(&pool->lock);
	err = struct_argument_other_handle(pool, &request);
	mutex_unlock(&pool->lock);
	return err;
}

static int struct_argument_other_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct struct_argument_other *pool = container_of(nb, struct struct_argument_other, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct struct_argument_other.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int struct_argument_other_start(struct struct_argument_other *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = struct_argument_other_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
