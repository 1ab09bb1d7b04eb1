// SPDX-License-Identifier: MIT
/*
 * The bug as it was for years: balloon_page_enqueue() allocates, and is called with the balloon's
 * mutex held. Whether an allocation may sleep is the bit __GFP_WAIT.
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

static void fill_balloon(struct balloon *vb, unsigned int want)
{
	mutex_lock(&vb->lock);	/* want-taken: struct balloon.lock */
	for (; want; want--) {
		struct page *page = balloon_page_enqueue(&vb->dev_info);	/* want GFP001: struct balloon.lock; ways reclaim !self !retry; bits __GFP_WAIT __GFP_FS __GFP_NORETRY */

		if (!page)
			break;
		vb->nr_pages++;
	}
	mutex_unlock(&vb->lock);
}

static unsigned int leak_balloon(struct balloon *vb, unsigned int want)
{
	struct page *page;
	unsigned int given;

	mutex_lock(&vb->lock);	/* want-callback: struct balloon.lock */
	for (given = 0; given < want; given++) {
		page = balloon_page_dequeue(&vb->dev_info);
		if (!page)
			break;
		put_page(page);
		vb->nr_pages--;
	}
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

static int balloon_oom_notify(struct notifier_block *self, unsigned long dummy, void *parm)
{
	struct balloon *vb = container_of(self, struct balloon, oom_nb);
	unsigned long *freed = parm;

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
