/* SPDX-License-Identifier: MIT */
#ifndef _SPLIT_POOL_H
#define _SPLIT_POOL_H

#include <linux/mutex.h>
#include <linux/notifier.h>

struct split_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int split_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data);
int split_pool_start(struct split_pool *pool);

#endif
