// SPDX-License-Identifier: MIT
/*
 * A function that gets a struct by address writes one of its fields; what is known of another stays known.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct prepared_request {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct prepared_request_request {
	bool unlocked;
	unsigned int pages;
};

static void prepared_request_prepare(struct prepared_request_request *request)
{
	request->pages = 1;
}

static int prepared_request_handle(struct prepared_request *pool, struct prepared_request_request *request)
{
	if (request->unlocked)
		return -EAGAIN;
	pool->spare[0] = __get_free_page(GFP_KERNEL);
	return pool->spare[0] ? 0 : -ENOMEM;
}

static int prepared_request_range(struct prepared_request *pool, bool unlocked)
{
	struct prepared_request_request request;

	request.unlocked = unlocked;
	prepared_request_prepare(&request);
	return prepared_request_handle(pool, &request);
}

int prepared_request_zap(struct prepared_request *pool)
{
	int err;

	mutex_lock(&pool->lock);
	err = prepared_request_range(pool, true);
	mutex_unlock(&pool->lock);
	return err;
}

static int prepared_request_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct prepared_request *pool = container_of(nb, struct prepared_request, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct prepared_request.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int prepared_request_start(struct prepared_request *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = prepared_request_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
