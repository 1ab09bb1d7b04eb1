// SPDX-License-Identifier: MIT
/*
 * invalidate_range_start() tries, and invalidate_range_end() waits.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct ending_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int ending_mirror_map(struct ending_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);	/* want GFP004: struct ending_mirror.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static int ending_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct ending_mirror *mirror = container_of(mn, struct ending_mirror, mn);

	if (!mutex_trylock(&mirror->lock))
		return -EAGAIN;
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static void ending_mirror_end(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct ending_mirror *mirror = container_of(mn, struct ending_mirror, mn);

	mutex_lock(&mirror->lock);	/* want-callback: struct ending_mirror.lock */
	mirror->start = mirror->end = 0;
	mutex_unlock(&mirror->lock);
}

static const struct mmu_notifier_ops ending_mirror_ops = {
	.invalidate_range_start = ending_mirror_start,
	.invalidate_range_end = ending_mirror_end,
};

int ending_mirror_attach(struct ending_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &ending_mirror_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
