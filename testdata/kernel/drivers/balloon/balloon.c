// SPDX-License-Identifier: MIT
/*
 * The bug that started it. The helper in mm/balloon_compaction.c allocates a movable page with
 * direct reclaim, the driver calls it with its mutex held, and the notifier takes that mutex to
 * give pages back. __GFP_NORETRY keeps the allocation out of the OOM path itself, but reclaim may
 * wait for a filesystem lock that a thread stuck in the OOM path holds.
 */
#include <linux/balloon_compaction.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct balloon {
	struct mutex lock;
	struct balloon_dev_info dev_info;
	unsigned int nr_pages;
	struct notifier_block oom_nb;
};

static unsigned int fill_balloon(struct balloon *vb, unsigned int want)
{
	unsigned int got;

	mutex_lock(&vb->lock);	/* want-taken: struct balloon.lock */
	for (got = 0; got < want; got++) {
		if (!balloon_page_alloc_enqueue(&vb->dev_info))	/* want GFP001: struct balloon.lock; ways reclaim !self !retry; bits __GFP_FS __GFP_IO __GFP_NORETRY */
			break;
	}
	vb->nr_pages += got;
	mutex_unlock(&vb->lock);
	return got;
}

static unsigned int leak_balloon(struct balloon *vb, unsigned int want)
{
	struct page *page;
	unsigned int given = 0;

	mutex_lock(&vb->lock);	/* want-callback: struct balloon.lock */
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

void balloon_resize(struct balloon *vb, unsigned int target)
{
	if (target > vb->nr_pages)
		fill_balloon(vb, target - vb->nr_pages);
	else
		leak_balloon(vb, vb->nr_pages - target);
}

static int balloon_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct balloon *vb = container_of(nb, struct balloon, oom_nb);
	unsigned long *freed = data;

	*freed += leak_balloon(vb, 256);
	return NOTIFY_OK;
}

int balloon_start(struct balloon *vb)
{
	mutex_init(&vb->lock);
	vb->oom_nb.notifier_call = balloon_oom_notify;
	return register_oom_notifier(&vb->oom_nb);
}

MODULE_LICENSE("MIT");
