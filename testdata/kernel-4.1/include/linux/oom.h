/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_OOM_H
#define _LINUX_OOM_H

#include <linux/types.h>
#include <linux/mutex.h>
#include <linux/notifier.h>

struct oom_control {
	const gfp_t gfp_mask;
	const int order;
	unsigned long totalpages;
};

extern struct mutex oom_lock;

bool out_of_memory(struct oom_control *oc);
int register_oom_notifier(struct notifier_block *nb);
int unregister_oom_notifier(struct notifier_block *nb);

#endif
