// SPDX-License-Identifier: MIT
/*
 * The table of functions is given to mmu_notifier_get(), which makes the notifier itself.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct gotten_mirror {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int gotten_mirror_map(struct gotten_mirror *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);	/* want GFP004: struct gotten_mirror.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static int gotten_mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct gotten_mirror *mirror = container_of(mn, struct gotten_mirror, mn);

	mutex_lock(&mirror->lock);	/* want-callback: struct gotten_mirror.lock */
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static struct mmu_notifier *gotten_mirror_alloc(struct mm_struct *mm)
{
	struct gotten_mirror *mirror = kzalloc(sizeof(*mirror), GFP_KERNEL);

	if (!mirror)
		return ERR_PTR(-ENOMEM);
	mutex_init(&mirror->lock);
	return &mirror->mn;
}

static void gotten_mirror_free(struct mmu_notifier *mn)
{
	kfree(container_of(mn, struct gotten_mirror, mn));
}

static const struct mmu_notifier_ops gotten_mirror_ops = {
	.invalidate_range_start = gotten_mirror_start,
	.alloc_notifier = gotten_mirror_alloc,
	.free_notifier = gotten_mirror_free,
};

struct gotten_mirror *gotten_mirror_attach(struct mm_struct *mm)
{
	struct mmu_notifier *mn = mmu_notifier_get(&gotten_mirror_ops, mm);

	return IS_ERR(mn) ? NULL : container_of(mn, struct gotten_mirror, mn);
}

MODULE_LICENSE("MIT");
