// SPDX-License-Identifier: MIT
/*
 * mmu_interval_notifier_insert_locked(), with the table of functions as an argument of the function
 * around it.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct interval_locked {
	struct mutex lock;
	struct mmu_interval_notifier sub;
	unsigned long *table;
	unsigned long start, end;
};

int interval_locked_map(struct interval_locked *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);	/* want GFP004: struct interval_locked.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static bool interval_locked_invalidate(struct mmu_interval_notifier *sub, const struct mmu_notifier_range *range,
			 unsigned long seq)
{
	struct interval_locked *mirror = container_of(sub, struct interval_locked, sub);

	if (!mmu_notifier_range_blockable(range))
		return false;
	mutex_lock(&mirror->lock);	/* want-callback: struct interval_locked.lock */
	mmu_interval_set_seq(sub, seq);
	mutex_unlock(&mirror->lock);
	return true;
}

static const struct mmu_interval_notifier_ops interval_locked_ops = {
	.invalidate = interval_locked_invalidate,
};

static int interval_locked_insert(struct interval_locked *mirror, struct mm_struct *mm, unsigned long start,
		    const struct mmu_interval_notifier_ops *ops)
{
	return mmu_interval_notifier_insert_locked(&mirror->sub, mm, start, PAGE_SIZE, ops);
}

int interval_locked_attach(struct interval_locked *mirror, struct mm_struct *mm, unsigned long start)
{
	mutex_init(&mirror->lock);
	return interval_locked_insert(mirror, mm, start, &interval_locked_ops);
}

MODULE_LICENSE("MIT");
