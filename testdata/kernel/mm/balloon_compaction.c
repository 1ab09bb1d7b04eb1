// SPDX-License-Identifier: MIT
/*
 * Pages that a balloon driver has taken from the guest. balloon_page_alloc_enqueue() is how things
 * were done at first, allocating and enqueueing in one call; balloon_page_alloc() with
 * balloon_page_enqueue() is how they are done since somebody deadlocked.
 */
#include <linux/balloon_compaction.h>
#include <linux/module.h>

struct page *balloon_page_alloc(void)
{
	return alloc_page(balloon_mapping_gfp_mask() | __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN);
}
EXPORT_SYMBOL_GPL(balloon_page_alloc);

void balloon_page_enqueue(struct balloon_dev_info *b_dev_info, struct page *page)
{
	unsigned long flags;

	spin_lock_irqsave(&b_dev_info->pages_lock, flags);
	BUG_ON(!trylock_page(page));
	list_add(&page->lru, &b_dev_info->pages);
	unlock_page(page);
	spin_unlock_irqrestore(&b_dev_info->pages_lock, flags);
}
EXPORT_SYMBOL_GPL(balloon_page_enqueue);

struct page *balloon_page_alloc_enqueue(struct balloon_dev_info *b_dev_info)
{
	gfp_t gfp = balloon_mapping_gfp_mask() | __GFP_NOMEMALLOC | __GFP_NORETRY;
	struct page *page = alloc_page(gfp);

	if (page)
		balloon_page_enqueue(b_dev_info, page);
	return page;
}
EXPORT_SYMBOL_GPL(balloon_page_alloc_enqueue);

struct page *balloon_page_dequeue(struct balloon_dev_info *b_dev_info)
{
	struct page *page;
	unsigned long flags;

	spin_lock_irqsave(&b_dev_info->pages_lock, flags);
	page = list_first_entry_or_null(&b_dev_info->pages, struct page, lru);
	if (page)
		list_del(&page->lru);
	spin_unlock_irqrestore(&b_dev_info->pages_lock, flags);
	return page;
}
EXPORT_SYMBOL_GPL(balloon_page_dequeue);
