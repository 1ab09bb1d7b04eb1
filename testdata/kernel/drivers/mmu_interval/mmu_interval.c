// SPDX-License-Identifier: MIT
/*
 * An MMU interval notifier waits for a mutex that is held around an allocation.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct interval_mirror {
	struct mutex lock;
	struct mmu_interval_notifier sub;
	unsigned long *table;
	unsigned long start, end;
};

int interval_mirror_map(struct interval_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);	/* want GFP004: struct interval_mirror.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static bool interval_mirror_invalidate(struct mmu_interval_notifier *sub, const struct mmu_notifier_range *range,
			 unsigned long seq)
{
	struct interval_mirror *mirror = container_of(sub, struct interval_mirror, sub);

	if (!mmu_notifier_range_blockable(range))
		return false;
	mutex_lock(&mirror->lock);	/* want-callback: struct interval_mirror.lock */
	mmu_interval_set_seq(sub, seq);
	mutex_unlock(&mirror->lock);
	return true;
}

static const struct mmu_interval_notifier_ops interval_mirror_ops = {
	.invalidate = interval_mirror_invalidate,
};

int interval_mirror_attach(struct interval_mirror *mirror, struct mm_struct *mm, unsigned long start)
{
	mutex_init(&mirror->lock);
	return mmu_interval_notifier_insert(&mirror->sub, mm, start, PAGE_SIZE, &interval_mirror_ops);
}

MODULE_LICENSE("MIT");
