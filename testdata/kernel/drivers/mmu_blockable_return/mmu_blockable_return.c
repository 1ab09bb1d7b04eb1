// SPDX-License-Identifier: MIT
/*
 * The MMU notifier gives up where the range must not block; reclaim's may.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct blocking_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int blocking_mirror_map(struct blocking_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);	/* want GFP004: struct blocking_mirror.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static int blocking_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct blocking_mirror *mirror = container_of(mn, struct blocking_mirror, mn);

	if (!mmu_notifier_range_blockable(range))
		return -EAGAIN;
	mutex_lock(&mirror->lock);	/* want-callback: struct blocking_mirror.lock */
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops blocking_mirror_ops = {
	.invalidate_range_start = blocking_mirror_start,
};

int blocking_mirror_attach(struct blocking_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &blocking_mirror_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
