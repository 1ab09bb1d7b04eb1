// SPDX-License-Identifier: MIT
/*
 * invalidate_page() (up to 4.13) waits, through __mmu_notifier_register().
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct page_of_old {
	struct mutex lock;
	struct mmu_notifier mn;
	unsigned long *table;
	unsigned long start, end;
};

int page_of_old_map(struct page_of_old *mirror, unsigned int n)
{
	unsigned long *table;

	mutex_lock(&mirror->lock);
	table = kzalloc(n * sizeof(*table), GFP_KERNEL);	/* want GFP004: struct page_of_old.lock */
	if (table)
		mirror->table = table;
	mutex_unlock(&mirror->lock);
	return table ? 0 : -ENOMEM;
}

static void page_of_old_page(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long address)
{
	struct page_of_old *mirror = container_of(mn, struct page_of_old, mn);

	mutex_lock(&mirror->lock);	/* want-callback: struct page_of_old.lock */
	mirror->start = address;
	mutex_unlock(&mirror->lock);
}

static const struct mmu_notifier_ops page_of_old_ops = {
	.invalidate_page = page_of_old_page,
};

int page_of_old_attach(struct page_of_old *mirror, struct mm_struct *mm)
{
	mutex_init(&mirror->lock);
	mirror->mn.ops = &page_of_old_ops;
	return __mmu_notifier_register(&mirror->mn, mm);
}

MODULE_LICENSE("MIT");
