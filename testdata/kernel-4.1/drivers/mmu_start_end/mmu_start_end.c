// SPDX-License-Identifier: MIT
/*
 * The prototype of up to 4.18: start and end are arguments.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct mirror_of_old {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int mirror_of_old_map(struct mirror_of_old *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kzalloc(n * sizeof(*table), GFP_KERNEL);	/* want GFP004: struct mirror_of_old.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static void mirror_of_old_start(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mirror_of_old *mirror = container_of(mn, struct mirror_of_old, mn);

	mutex_lock(&mirror->lock);	/* want-callback: struct mirror_of_old.lock */
	mirror->start = start;
	mirror->end = end;
	mutex_unlock(&mirror->lock);
}

static const struct mmu_notifier_ops mirror_of_old_ops = {
	.invalidate_range_start = mirror_of_old_start,
};

int mirror_of_old_attach(struct mirror_of_old *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &mirror_of_old_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
