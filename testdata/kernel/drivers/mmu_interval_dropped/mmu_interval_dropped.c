// SPDX-License-Identifier: MIT
/*
 * The memory is allocated before the lock is taken.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct interval_dropping {
	struct mutex lock;
	struct mmu_interval_notifier sub;
	unsigned long *table;
	unsigned long start, end;
};

int interval_dropping_map(struct interval_dropping *mirror, unsigned int n)
{
	unsigned long *table = kcalloc(n, sizeof(*table), GFP_KERNEL);

	if (!table)
		return -ENOMEM;
	mutex_lock(&mirror->lock);
	mirror->table = table;
	mutex_unlock(&mirror->lock);
	return 0;
}

static bool interval_dropping_invalidate(struct mmu_interval_notifier *sub, const struct mmu_notifier_range *range,
			 unsigned long seq)
{
	struct interval_dropping *mirror = container_of(sub, struct interval_dropping, sub);

	if (!mmu_notifier_range_blockable(range))
		return false;
	mutex_lock(&mirror->lock);	/* want-callback: struct interval_dropping.lock */
	mmu_interval_set_seq(sub, seq);
	mutex_unlock(&mirror->lock);
	return true;
}

static const struct mmu_interval_notifier_ops interval_dropping_ops = {
	.invalidate = interval_dropping_invalidate,
};

int interval_dropping_attach(struct interval_dropping *mirror, struct mm_struct *mm, unsigned long start)
{
	mutex_init(&mirror->lock);
	return mmu_interval_notifier_insert(&mirror->sub, mm, start, PAGE_SIZE, &interval_dropping_ops);
}

MODULE_LICENSE("MIT");
