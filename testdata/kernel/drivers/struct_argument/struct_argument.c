// SPDX-License-Identifier: MIT
/*
 * A struct on the stack is passed by address; what it was initialised to rules the allocation out.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct plain_request {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct plain_request_request {
	unsigned int pages;
	bool may_grow;
};

static int plain_request_handle(struct plain_request *pool, struct plain_request_request *request)
{
	unsigned long addr;

	if (!request->may_grow)
		return 0;
	addr = __get_free_page(GFP_KERNEL);
	if (addr)
		pool->spare[pool->nr_spare++] = addr;
	return addr ? 0 : -ENOMEM;
}

int plain_request_add(struct plain_request *pool)
{
	struct plain_request_request request = { .pages = 1 };
	int err;

	mutex_lock(&pool->lock);
	err = plain_request_handle(pool, &request);
	mutex_unlock(&pool->lock);
	return err;
}

static int plain_request_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct plain_request *pool = container_of(nb, struct plain_request, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct plain_request.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int plain_request_start(struct plain_request *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = plain_request_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
