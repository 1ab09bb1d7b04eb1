// SPDX-License-Identifier: MIT
/*
 * As mmu_noreclaim, but a second lock that the notifier waits for is held longer than the scope.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

struct unwrapped_mirror {
	struct mutex lock;
	struct mutex outer;
	struct mmu_notifier mn;
	unsigned int saved_flags;
	unsigned long *table;
	unsigned long start, end;
};

static void unwrapped_mirror_lock(struct unwrapped_mirror *mirror)
{
	mutex_lock(&mirror->lock);	/* want-callback: struct unwrapped_mirror.lock */
	mirror->saved_flags = memalloc_noreclaim_save();
}

static void unwrapped_mirror_unlock(struct unwrapped_mirror *mirror)
{
	memalloc_noreclaim_restore(mirror->saved_flags);
	mutex_unlock(&mirror->lock);
}

int unwrapped_mirror_map(struct unwrapped_mirror *mirror, unsigned int n)
{
	unsigned long *table, *spare;

	mutex_lock(&mirror->outer);
	unwrapped_mirror_lock(mirror);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);
	mirror->table = table;
	unwrapped_mirror_unlock(mirror);
	spare = kcalloc(n, sizeof(*spare), GFP_KERNEL);	/* want GFP004: struct unwrapped_mirror.outer */
	kfree(spare);
	mutex_unlock(&mirror->outer);
	return table ? 0 : -ENOMEM;
}

static int unwrapped_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct unwrapped_mirror *mirror = container_of(mn, struct unwrapped_mirror, mn);

	if (!mmu_notifier_range_blockable(range))
		return -EAGAIN;
	mutex_lock(&mirror->outer);	/* want-callback: struct unwrapped_mirror.outer */
	mirror->end = 0;
	mutex_unlock(&mirror->outer);
	unwrapped_mirror_lock(mirror);
	mirror->start = range->start;
	mirror->end = range->end;
	unwrapped_mirror_unlock(mirror);
	return 0;
}

static const struct mmu_notifier_ops unwrapped_mirror_ops = {
	.invalidate_range_start = unwrapped_mirror_start,
};

int unwrapped_mirror_attach(struct unwrapped_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &unwrapped_mirror_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
