// SPDX-License-Identifier: MIT
/*
 * The MMU notifier tries the lock where the range must not block, and waits otherwise: reclaim's
 * ranges may block.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct half_trying {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int half_trying_map(struct half_trying *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);	/* want GFP004: struct half_trying.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static int half_trying_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct half_trying *mirror = container_of(mn, struct half_trying, mn);

	if (mmu_notifier_range_blockable(range))
		mutex_lock(&mirror->lock);	/* want-callback: struct half_trying.lock */
	else if (!mutex_trylock(&mirror->lock))
		return -EAGAIN;
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops half_trying_ops = {
	.invalidate_range_start = half_trying_start,
};

int half_trying_attach(struct half_trying *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &half_trying_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
