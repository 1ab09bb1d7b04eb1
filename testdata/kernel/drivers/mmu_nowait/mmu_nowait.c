// SPDX-License-Identifier: MIT
/*
 * As mmu_nofs, but the allocation doesn't reclaim.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct nowait_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int nowait_mirror_map(struct nowait_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_NOWAIT | __GFP_NOWARN);
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static int nowait_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct nowait_mirror *mirror = container_of(mn, struct nowait_mirror, mn);

	mutex_lock(&mirror->lock);	/* want-callback: struct nowait_mirror.lock */
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops nowait_mirror_ops = {
	.invalidate_range_start = nowait_mirror_start,
};

int nowait_mirror_attach(struct nowait_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &nowait_mirror_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
