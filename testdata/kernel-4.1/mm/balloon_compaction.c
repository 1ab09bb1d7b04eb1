// SPDX-License-Identifier: MIT
#include <linux/balloon_compaction.h>
#include <linux/module.h>

struct page *balloon_page_enqueue(struct balloon_dev_info *b_dev_info)
{
	unsigned long flags;
	struct page *page;

	page = alloc_page(balloon_mapping_gfp_mask() | __GFP_NOMEMALLOC | __GFP_NORETRY);
	if (!page)
		return NULL;

	BUG_ON(!trylock_page(page));
	spin_lock_irqsave(&b_dev_info->pages_lock, flags);
	list_add(&page->lru, &b_dev_info->pages);
	spin_unlock_irqrestore(&b_dev_info->pages_lock, flags);
	unlock_page(page);
	return page;
}
EXPORT_SYMBOL_GPL(balloon_page_enqueue);

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
