// SPDX-License-Identifier: MIT
/*
 * The mask depends on a flag that is a constant three calls up: here it says GFP_ATOMIC.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct atomic_by_flag {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

#define atomic_by_flag_ATOMIC 0x1
#define atomic_by_flag_TRACE 0x2

/* Far away from whoever says which flags. */
static void *atomic_by_flag_alloc(unsigned int n, unsigned int flags)
{
	return kzalloc(n, flags & atomic_by_flag_ATOMIC ? GFP_ATOMIC : GFP_KERNEL);
}

static unsigned long *atomic_by_flag_grow(struct atomic_by_flag *mirror, unsigned int n, unsigned int flags)
{
	if (flags & atomic_by_flag_TRACE)
		mirror->end = n;
	return atomic_by_flag_alloc(n * sizeof(long), flags);
}

static int atomic_by_flag_fill(struct atomic_by_flag *mirror, unsigned int n, unsigned int flags)
{
	unsigned long *table = atomic_by_flag_grow(mirror, n, flags);

	if (!table)
		return -ENOMEM;
	mirror->table = table;
	return 0;
}

int atomic_by_flag_map(struct atomic_by_flag *mirror, unsigned int n)
{
	int err;

	mutex_lock(&mirror->lock);
	err = atomic_by_flag_fill(mirror, n, atomic_by_flag_ATOMIC | atomic_by_flag_TRACE);
	mutex_unlock(&mirror->lock);
	return err;
}

static int atomic_by_flag_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct atomic_by_flag *mirror = container_of(mn, struct atomic_by_flag, mn);

	mutex_lock(&mirror->lock);	/* want-callback: struct atomic_by_flag.lock */
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops atomic_by_flag_ops = {
	.invalidate_range_start = atomic_by_flag_start,
};

int atomic_by_flag_attach(struct atomic_by_flag *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &atomic_by_flag_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
