// SPDX-License-Identifier: MIT
/*
 * The driver calls the notifier of its own through the table, with a lock held that the notifier
 * doesn't wait for, and in another notifier. Calls through that field are reclaim's affair and aren't
 * followed.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct called_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	struct notifier_block oom_nb;
	unsigned long *table;
	unsigned long start, end;
};

int called_mirror_map(struct called_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);	/* want GFP004: struct called_mirror.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static int called_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct called_mirror *mirror = container_of(mn, struct called_mirror, mn);

	mutex_lock(&mirror->lock);	/* want-callback: struct called_mirror.lock */
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static int called_mirror_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct called_mirror *mirror = container_of(nb, struct called_mirror, oom_nb);
	struct mmu_notifier_range range = { .flags = MMU_NOTIFIER_RANGE_BLOCKABLE };

	mirror->mn.ops->invalidate_range_start(&mirror->mn, &range);
	return NOTIFY_OK;
}

static const struct mmu_notifier_ops called_mirror_ops = {
	.invalidate_range_start = called_mirror_start,
};

int called_mirror_attach(struct called_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &called_mirror_ops;
	mirror->oom_nb.notifier_call = called_mirror_oom_notify;
	register_oom_notifier(&mirror->oom_nb);
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
