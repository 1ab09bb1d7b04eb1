// SPDX-License-Identifier: MIT
/*
 * The lock is waited for only where the range must not block. That may hang the OOM reaper, but not
 * reclaim.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct unblocking_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int unblocking_mirror_map(struct unblocking_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static int unblocking_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct unblocking_mirror *mirror = container_of(mn, struct unblocking_mirror, mn);

	if (mmu_notifier_range_blockable(range)) {
		if (!mutex_trylock(&mirror->lock))
			return -EAGAIN;
	} else {
		mutex_lock(&mirror->lock);
	}
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops unblocking_mirror_ops = {
	.invalidate_range_start = unblocking_mirror_start,
};

int unblocking_mirror_attach(struct unblocking_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &unblocking_mirror_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
