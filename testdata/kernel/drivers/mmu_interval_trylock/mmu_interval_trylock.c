// SPDX-License-Identifier: MIT
/*
 * As mmu_interval, but invalidate() only tries the lock.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct interval_trying {
	struct mutex lock;
	struct mmu_interval_notifier sub;
	unsigned long *table;
	unsigned long start, end;
};

int interval_trying_map(struct interval_trying *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kcalloc(n, sizeof(*table), GFP_KERNEL);
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static bool interval_trying_invalidate(struct mmu_interval_notifier *sub, const struct mmu_notifier_range *range,
			 unsigned long seq)
{
	struct interval_trying *mirror = container_of(sub, struct interval_trying, sub);

	if (!mutex_trylock(&mirror->lock))
		return false;
	mmu_interval_set_seq(sub, seq);
	mutex_unlock(&mirror->lock);
	return true;
}

static const struct mmu_interval_notifier_ops interval_trying_ops = {
	.invalidate = interval_trying_invalidate,
};

int interval_trying_attach(struct interval_trying *mirror, struct mm_struct *mm, unsigned long start)
{
	mutex_init(&mirror->lock);
	return mmu_interval_notifier_insert(&mirror->sub, mm, start, PAGE_SIZE, &interval_trying_ops);
}

MODULE_LICENSE("MIT");
