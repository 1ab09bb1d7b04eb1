// SPDX-License-Identifier: MIT
/*
 * One loop takes the locks of all parts, a second one over as many gives them up again.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct paired_part {
	struct mutex lock;
	unsigned long spare;
	struct notifier_block oom_nb;
};

int paired_part_merge(struct paired_part *parts[], unsigned int count)
{
	unsigned int i, kept;
	unsigned long addr;

	for (i = 0; i < count; i++)
		mutex_lock(&parts[i]->lock);
	for (i = 1, kept = 0; i < count; i++) {
		if (parts[i]->spare)
			kept++;
		parts[0]->spare += parts[i]->spare;
	}
	for (i = 0; i < count; i++)
		mutex_unlock(&parts[i]->lock);
	addr = __get_free_page(GFP_KERNEL);
	if (!addr)
		return -ENOMEM;
	parts[0]->spare = addr;
	return kept;
}

static int paired_part_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct paired_part *part = container_of(nb, struct paired_part, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&part->lock);	/* want-callback: struct paired_part.lock */
	*freed += !!part->spare;
	free_page(part->spare);
	part->spare = 0;
	mutex_unlock(&part->lock);
	return NOTIFY_OK;
}

int paired_part_start(struct paired_part *part)
{
	mutex_init(&part->lock);
	part->oom_nb.notifier_call = paired_part_oom_notify;
	return register_oom_notifier(&part->oom_nb);
}

MODULE_LICENSE("MIT");
