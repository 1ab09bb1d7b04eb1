// SPDX-License-Identifier: MIT
/*
 * As mmu_start_end, but the lock is only tried.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct trying_of_old {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int trying_of_old_map(struct trying_of_old *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kzalloc(n * sizeof(*table), GFP_KERNEL);
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static void trying_of_old_start(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct trying_of_old *mirror = container_of(mn, struct trying_of_old, mn);

	if (!mutex_trylock(&mirror->lock))
		return;
	mirror->start = start;
	mirror->end = end;
	mutex_unlock(&mirror->lock);
}

static const struct mmu_notifier_ops trying_of_old_ops = {
	.invalidate_range_start = trying_of_old_start,
};

int trying_of_old_attach(struct trying_of_old *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &trying_of_old_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
