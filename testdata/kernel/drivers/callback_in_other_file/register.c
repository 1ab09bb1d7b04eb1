// SPDX-License-Identifier: MIT
/*
 * The registration of a callback that another file defines.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

#include "split.h"

int split_pool_start(struct split_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = split_pool_oom_notify;
	pool->oom_nb.priority = 5;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
