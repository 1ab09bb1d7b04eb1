// SPDX-License-Identifier: MIT
/*
 * release() waits for the lock. It runs when the process ends, not in reclaim.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct released_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int released_mirror_map(struct released_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static void released_mirror_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct released_mirror *mirror = container_of(mn, struct released_mirror, mn);

	mutex_lock(&mirror->lock);
	kfree(mirror->table);
	mirror->table = NULL;
	mutex_unlock(&mirror->lock);
}

static const struct mmu_notifier_ops released_mirror_ops = {
	.release = released_mirror_release,
};

int released_mirror_attach(struct released_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &released_mirror_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
