// SPDX-License-Identifier: MIT
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/oom.h>
#include <linux/sched.h>

static struct page *take_free_page(gfp_t gfp_mask, unsigned int order)
{
	return NULL;
}

static struct page *__alloc_pages_may_oom(gfp_t gfp_mask, unsigned int order,
					  unsigned long *did_some_progress)
{
	struct oom_control oc = { .gfp_mask = gfp_mask, .order = order };

	if (!mutex_trylock(&oom_lock)) {
		*did_some_progress = 1;
		schedule();
		return NULL;
	}
	/* Whoever can't enter a filesystem doesn't get anybody killed for it. */
	if (order <= PAGE_ALLOC_COSTLY_ORDER && (gfp_mask & __GFP_FS))
		*did_some_progress = out_of_memory(&oc);
	mutex_unlock(&oom_lock);
	return NULL;
}

struct page *__alloc_pages(gfp_t gfp_mask, unsigned int order, int nid)
{
	unsigned long progress;
	struct page *page;

	do {
		progress = 0;
		page = take_free_page(gfp_mask, order);
		if (page || !(gfp_mask & __GFP_WAIT) || (current->flags & PF_MEMALLOC))
			break;
		if (gfp_mask & __GFP_NORETRY)
			break;
		page = __alloc_pages_may_oom(gfp_mask, order, &progress);
	} while (!page && progress);
	return page;
}
EXPORT_SYMBOL(__alloc_pages);
