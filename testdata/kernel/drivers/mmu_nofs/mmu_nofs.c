// SPDX-License-Identifier: MIT
/*
 * GFP_NOFS and GFP_NOIO don't keep reclaim from unmapping pages.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct nofs_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int nofs_mirror_map(struct nofs_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_NOFS);	/* want GFP004: struct nofs_mirror.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

int nofs_mirror_remap(struct nofs_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_NOIO);	/* want GFP004: struct nofs_mirror.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static int nofs_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct nofs_mirror *mirror = container_of(mn, struct nofs_mirror, mn);

	mutex_lock(&mirror->lock);	/* want-callback: struct nofs_mirror.lock */
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops nofs_mirror_ops = {
	.invalidate_range_start = nofs_mirror_start,
};

int nofs_mirror_attach(struct nofs_mirror *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &nofs_mirror_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
