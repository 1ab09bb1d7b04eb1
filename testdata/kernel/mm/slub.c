// SPDX-License-Identifier: MIT
/* Small objects, one page each: this kernel has memory to waste. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

struct kmem_cache {
	const char *name;
	unsigned int size;
};

void *__kmalloc_noprof(size_t size, gfp_t flags)
{
	struct page *page = alloc_pages_noprof(flags, get_order(size));

	return page ? page_address(page) : NULL;
}

void *kmem_cache_alloc_noprof(struct kmem_cache *cachep, gfp_t flags)
{
	return __kmalloc_noprof(cachep->size, flags);
}
EXPORT_SYMBOL(kmem_cache_alloc_noprof);
