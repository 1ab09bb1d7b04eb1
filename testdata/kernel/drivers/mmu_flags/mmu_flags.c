// SPDX-License-Identifier: MIT
/*
 * The range's flags are tested directly, in a helper that gets the answer as a bool.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct flag_reader {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int flag_reader_map(struct flag_reader *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);	/* want GFP004: struct flag_reader.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static bool flag_reader_enter(struct flag_reader *mirror, bool blockable)
{
	if (!blockable)
		return mutex_trylock(&mirror->lock);
	mutex_lock(&mirror->lock);	/* want-callback: struct flag_reader.lock */
	return true;
}

static int flag_reader_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct flag_reader *mirror = container_of(mn, struct flag_reader, mn);

	if (!flag_reader_enter(mirror, range->flags & MMU_NOTIFIER_RANGE_BLOCKABLE))
		return -EAGAIN;
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops flag_reader_ops = {
	.invalidate_range_start = flag_reader_start,
};

int flag_reader_attach(struct flag_reader *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &flag_reader_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
