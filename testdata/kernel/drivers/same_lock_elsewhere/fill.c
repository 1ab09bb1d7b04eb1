// SPDX-License-Identifier: MIT
/*
 * The helper that allocates is in another file and is told which pool to fill; the caller holds
 * that pool's lock and says so.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

#include "far.h"

int far_pool_fill(struct far_pool *pool, gfp_t gfp)
{
	lockdep_assert_held(&pool->lock);
	pool->spare[0] = __get_free_page(gfp);	/* want-allocates: struct far_pool.lock */
	return pool->spare[0] ? 0 : -ENOMEM;
}

MODULE_LICENSE("MIT");
