/* SPDX-License-Identifier: MIT */
#ifndef _FAR_POOL_H
#define _FAR_POOL_H

#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/notifier.h>

#define lockdep_assert_held(lock) do { (void)mutex_is_locked(lock); } while (0)

struct far_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int far_pool_fill(struct far_pool *pool, gfp_t gfp);

#endif
