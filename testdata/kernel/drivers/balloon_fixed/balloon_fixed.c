// SPDX-License-Identifier: MIT
/*
 * The balloon as it should be: pages are allocated before the mutex is taken and only put on the
 * list under it.
 */
#include <linux/balloon_compaction.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct fixed_balloon {
	struct mutex lock;
	struct balloon_dev_info dev_info;
	unsigned int nr_pages;
	struct notifier_block oom_nb;
};

static unsigned int fill_balloon(struct fixed_balloon *vb, unsigned int want)
{
	struct page *page, *next;
	unsigned int got = 0;
	LIST_HEAD(pages);

	while (got < want) {
		page = balloon_page_alloc();
		if (!page)
			break;
		list_add(&page->lru, &pages);
		got++;
	}

	mutex_lock(&vb->lock);
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		balloon_page_enqueue(&vb->dev_info, page);
	}
	vb->nr_pages += got;
	mutex_unlock(&vb->lock);
	return got;
}

static unsigned int leak_balloon(struct fixed_balloon *vb, unsigned int want)
{
	struct page *page;
	unsigned int given = 0;

	mutex_lock(&vb->lock);	/* want-callback: struct fixed_balloon.lock */
	while (given < want) {
		page = balloon_page_dequeue(&vb->dev_info);
		if (!page)
			break;
		put_page(page);
		given++;
	}
	vb->nr_pages -= given;
	mutex_unlock(&vb->lock);
	return given;
}

void fixed_balloon_resize(struct fixed_balloon *vb, unsigned int target)
{
	if (target > vb->nr_pages)
		fill_balloon(vb, target - vb->nr_pages);
	else
		leak_balloon(vb, vb->nr_pages - target);
}

static int fixed_balloon_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct fixed_balloon *vb = container_of(nb, struct fixed_balloon, oom_nb);
	unsigned long *freed = data;

	*freed += leak_balloon(vb, 256);
	return NOTIFY_OK;
}

int fixed_balloon_start(struct fixed_balloon *vb)
{
	mutex_init(&vb->lock);
	vb->oom_nb.notifier_call = fixed_balloon_oom_notify;
	return register_oom_notifier(&vb->oom_nb);
}

MODULE_LICENSE("MIT");
