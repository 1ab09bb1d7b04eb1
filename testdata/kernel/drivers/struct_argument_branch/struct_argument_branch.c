// SPDX-License-Identifier: MIT
/*
 * A field of a zeroed struct that is set on one path only: the allocation is possible.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct struct_argument_branch {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct struct_argument_branch_request {
	unsigned int pages;
	bool may_grow;
};

static int struct_argument_branch_handle(struct struct_argument_branch *pool, struct struct_argument_branch_request *request)
{
	if (!request->may_grow)
		return 0;
	pool->spare[0] = __get_free_page(GFP_KERNEL);
	return pool->spare[0] ? 0 : -ENOMEM;
}

int struct_argument_branch_add(struct struct_argument_branch *pool, bool urgent)
{
	struct struct_argument_branch_request request = { .pages = 1 };
	int err;

	if (urgent)
		request.may_grow = true;
	mutex_lock(&pool->lock);
	err = struct_argument_branch_handle(pool, &request);	/* want GFP001: struct struct_argument_branch.lock */
	mutex_unlock(&pool->lock);
	return err;
}

static int struct_argument_branch_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct struct_argument_branch *pool = container_of(nb, struct struct_argument_branch, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct struct_argument_branch.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int struct_argument_branch_start(struct struct_argument_branch *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = struct_argument_branch_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
