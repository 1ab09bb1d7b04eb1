// SPDX-License-Identifier: MIT
/*
 * The page allocator, as a sketch: a fast path, a slow path that reclaims, and the way from there to
 * the out-of-memory code.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>

struct alloc_context {
	int nid;
	bool dma_only;
};

static struct page *get_page_from_freelist(gfp_t gfp, unsigned int order,
					   const struct alloc_context *ac)
{
	return NULL;
}

static unsigned long shrink_everything(gfp_t gfp, unsigned int order)
{
	return 0;
}

static struct page *__alloc_pages_may_oom(gfp_t gfp, unsigned int order,
					  const struct alloc_context *ac,
					  unsigned long *did_some_progress)
{
	struct oom_control oc = { .gfp_mask = gfp, .order = order };
	struct page *page = NULL;

	/* Somebody else is at it: let the caller believe that this helps, and come back. */
	if (!mutex_trylock(&oom_lock)) {
		*did_some_progress = 1;
		schedule();
		return NULL;
	}

	if (order > PAGE_ALLOC_COSTLY_ORDER)
		goto out;
	if (gfp & (__GFP_RETRY_MAYFAIL | __GFP_THISNODE))
		goto out;
	if (ac->dma_only)
		goto out;

	if (out_of_memory(&oc))
		*did_some_progress = 1;
out:
	mutex_unlock(&oom_lock);
	return page;
}

static struct page *__alloc_pages_direct_reclaim(gfp_t gfp, unsigned int order,
						 const struct alloc_context *ac,
						 unsigned long *did_some_progress)
{
	unsigned int cookie = memalloc_noreclaim_save();

	*did_some_progress = shrink_everything(gfp, order);
	memalloc_noreclaim_restore(cookie);

	return *did_some_progress ? get_page_from_freelist(gfp, order, ac) : NULL;
}

static struct page *__alloc_pages_slowpath(gfp_t gfp, unsigned int order,
					   const struct alloc_context *ac)
{
	unsigned long progress;
	struct page *page;

	if (!(gfp & __GFP_DIRECT_RECLAIM) || (current->flags & PF_MEMALLOC))
		return NULL;
retry:
	page = __alloc_pages_direct_reclaim(gfp, order, ac, &progress);
	if (page || (gfp & __GFP_NORETRY))
		return page;
	if (order > PAGE_ALLOC_COSTLY_ORDER && !(gfp & __GFP_RETRY_MAYFAIL))
		return NULL;
	if (progress)
		goto retry;

	page = __alloc_pages_may_oom(gfp, order, ac, &progress);
	if (!page && progress)
		goto retry;
	return page;
}

struct page *__alloc_pages_noprof(gfp_t gfp, unsigned int order, int nid)
{
	struct alloc_context ac = { .nid = nid, .dma_only = !!(gfp & __GFP_DMA) };
	struct page *page;

	if (current->flags & PF_MEMALLOC_NOIO)
		gfp &= ~(__GFP_IO | __GFP_FS);
	else if (current->flags & PF_MEMALLOC_NOFS)
		gfp &= ~__GFP_FS;

	page = get_page_from_freelist(gfp, order, &ac);
	if (likely(page))
		return page;
	return __alloc_pages_slowpath(gfp, order, &ac);
}
EXPORT_SYMBOL(__alloc_pages_noprof);

unsigned long get_free_pages_noprof(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages_noprof(gfp & ~__GFP_HIGHMEM, order);

	return page ? (unsigned long)page_address(page) : 0;
}

unsigned long get_zeroed_page_noprof(gfp_t gfp)
{
	return get_free_pages_noprof(gfp | __GFP_ZERO, 0);
}
