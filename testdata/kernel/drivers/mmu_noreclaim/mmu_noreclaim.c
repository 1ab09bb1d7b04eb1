// SPDX-License-Identifier: MIT
/*
 * The wrapper that takes the lock enters memalloc_noreclaim_save(), keeps the cookie in the struct,
 * and the one that gives it up leaves it.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct wrapped_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned int saved_flags;
	unsigned long *table;
	unsigned long start, end;
};

static void wrapped_mirror_lock(struct wrapped_mirror *mirror)
{
	mutex_lock(&mirror->lock);	/* want-callback: struct wrapped_mirror.lock */
	mirror->saved_flags = memalloc_noreclaim_save();
}

static void wrapped_mirror_unlock(struct wrapped_mirror *mirror)
{
	memalloc_noreclaim_restore(mirror->saved_flags);
	mutex_unlock(&mirror->lock);
}

int wrapped_mirror_map(struct wrapped_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	wrapped_mirror_lock(mirror);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);
	if (table)
		mirror->table = table;
	wrapped_mirror_unlock(mirror);
	return table ? 0 : -ENOMEM;
}

static int wrapped_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct wrapped_mirror *mirror = container_of(mn, struct wrapped_mirror, mn);

	if (!mmu_notifier_range_blockable(range))
		return -EAGAIN;
	wrapped_mirror_lock(mirror);
	mirror->start = range->start;
	mirror->end = range->end;
	wrapped_mirror_unlock(mirror);
	return 0;
}

static const struct mmu_notifier_ops wrapped_mirror_ops = {
	.invalidate_range_start = wrapped_mirror_start,
};

int wrapped_mirror_attach(struct wrapped_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &wrapped_mirror_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
