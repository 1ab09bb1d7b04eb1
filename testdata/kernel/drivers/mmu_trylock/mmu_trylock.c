// SPDX-License-Identifier: MIT
/*
 * As mmu_blockable_trylock, but the lock is always only tried.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct trying_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int trying_mirror_map(struct trying_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static int trying_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct trying_mirror *mirror = container_of(mn, struct trying_mirror, mn);

	if (!mutex_trylock(&mirror->lock))
		return -EAGAIN;
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops trying_mirror_ops = {
	.invalidate_range_start = trying_mirror_start,
};

int trying_mirror_attach(struct trying_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &trying_mirror_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
