// SPDX-License-Identifier: MIT
/*
 * The nearest neighbour of prepared_request: it writes the field that rules the allocation out.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct prepared_request_unlocked {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct prepared_request_unlocked_request {
	bool unlocked;
	unsigned int pages;
};

static void prepared_request_unlocked_prepare(struct prepared_request_unlocked_request *request)
{
	request->pages = 1;
	if (request->pages)
		request->unlocked = !request->pages;
}

static int prepared_request_unlocked_handle(struct prepared_request_unlocked *pool, struct prepared_request_unlocked_request *request)
{
	if (request->unlocked)
		return -EAGAIN;
	pool->spare[0] = __get_free_page(GFP_KERNEL);
	return pool->spare[0] ? 0 : -ENOMEM;
}

static int prepared_request_unlocked_range(struct prepared_request_unlocked *pool, bool unlocked)
{
	struct prepared_request_unlocked_request request;

	request.unlocked = unlocked;
	prepared_request_unlocked_prepare(&request);
	return prepared_request_unlocked_handle(pool, &request);
}

int prepared_request_unlocked_zap(struct prepared_request_unlocked *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = prepared_request_unlocked_range(pool, true);	/* want GFP001: struct prepared_request_unlocked.lock */
	mutex_unlock(&pool->lock);
	return err;
}

static int prepared_request_unlocked_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct prepared_request_unlocked *pool = container_of(nb, struct prepared_request_unlocked, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct prepared_request_unlocked.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int prepared_request_unlocked_start(struct prepared_request_unlocked *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = prepared_request_unlocked_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
