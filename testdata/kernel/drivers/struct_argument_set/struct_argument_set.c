// SPDX-License-Identifier: MIT
/*
 * The nearest neighbour of struct_argument: the field that lets the callee allocate is set.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct grown_request {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct grown_request_request {
	unsigned int pages;
	bool may_grow;
};

static int grown_request_handle(struct grown_request *pool, struct grown_request_request *request)
{
	unsigned long addr;

	if (!request->may_grow)
		return 0;
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	return addr ? 0 : -ENOMEM;
}

int grown_request_add(struct grown_request *pool)
{
	struct grown_request_request request = { .pages = 1, .may_grow = true };
	int err;

	mutex_lock(&pool->lock);
	err = grown_request_handle(pool, &request);	/* want GFP001: struct grown_request.lock */
	mutex_unlock(&pool->lock);
	return err;
}

static int grown_request_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct grown_request *pool = container_of(nb, struct grown_request, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct grown_request.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int grown_request_start(struct grown_request *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = grown_request_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
