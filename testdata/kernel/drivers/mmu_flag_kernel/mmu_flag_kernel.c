// SPDX-License-Identifier: MIT
/*
 * As mmu_flag_atomic, but the flag isn't set: GFP_KERNEL.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct kernel_by_flag {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

#define kernel_by_flag_ATOMIC 0x1
#define kernel_by_flag_TRACE 0x2

/* Far away from whoever says which flags. */
static void *kernel_by_flag_alloc(unsigned int n, unsigned int flags)
{
	return kzalloc(n, flags & kernel_by_flag_ATOMIC ? GFP_ATOMIC : GFP_KERNEL);	/* want-allocates: struct kernel_by_flag.lock */
}

static unsigned long *kernel_by_flag_grow(struct kernel_by_flag *mirror, unsigned int n, unsigned int flags)
{
	if (flags & kernel_by_flag_TRACE)
		mirror->end = n;
	return kernel_by_flag_alloc(n * sizeof(long), flags);
}

static int kernel_by_flag_fill(struct kernel_by_flag *mirror, unsigned int n, unsigned int flags)
{
	unsigned long *table = kernel_by_flag_grow(mirror, n, flags);

	if (!table)
		return -ENOMEM;
	mirror->table = table;
	return 0;
}

int kernel_by_flag_map(struct kernel_by_flag *mirror, unsigned int n)
{
	int err;

	mutex_lock(&mirror->lock);
	err = kernel_by_flag_fill(mirror, n, kernel_by_flag_TRACE);	/* want GFP004: struct kernel_by_flag.lock */
	mutex_unlock(&mirror->lock);
	return err;
}

static int kernel_by_flag_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct kernel_by_flag *mirror = container_of(mn, struct kernel_by_flag, mn);

	mutex_lock(&mirror->lock);	/* want-callback: struct kernel_by_flag.lock */
	mirror->start = range->start;
	mirror->end = range->end;
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops kernel_by_flag_ops = {
	.invalidate_range_start = kernel_by_flag_start,
};

int kernel_by_flag_attach(struct kernel_by_flag *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &kernel_by_flag_ops;
	return mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
