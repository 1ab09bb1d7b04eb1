// SPDX-License-Identifier: MIT
/*
 * A driver by itself, with no kernel around it: what alloc_page() and mutex_lock() do is known all
 * the same.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct lone_balloon {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct page *page;
};

static struct page *lone_balloon_page(gfp_t extra)
{
	return alloc_page(GFP_HIGHUSER | extra);
}

void lone_balloon_fill(struct lone_balloon *vb)
{
	mutex_lock(&vb->lock);	/* want-taken: struct lone_balloon.lock */
	vb->page = lone_balloon_page(__GFP_NORETRY);	/* want GFP001: struct lone_balloon.lock; ways reclaim !self !retry; bits __GFP_DIRECT_RECLAIM */
	mutex_unlock(&vb->lock);
}

static int lone_balloon_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct lone_balloon *vb = container_of(nb, struct lone_balloon, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&vb->lock);	/* want-callback: struct lone_balloon.lock */
	*freed += vb->nr_spare;
	while (vb->nr_spare)
		free_page(vb->spare[--vb->nr_spare]);
	mutex_unlock(&vb->lock);
	return NOTIFY_OK;
}

int lone_balloon_start(struct lone_balloon *vb)
{
	mutex_init(&vb->lock);
	vb->oom_nb.notifier_call = lone_balloon_oom_notify;
	return register_oom_notifier(&vb->oom_nb);
}

MODULE_LICENSE("MIT");
