// SPDX-License-Identifier: MIT
/*
 * The same with a mask that doesn't block.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct lone_atomic {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct page *page;
};

static struct page *lone_atomic_page(gfp_t extra)
{
	return alloc_page(GFP_NOWAIT | extra);
}

void lone_atomic_fill(struct lone_atomic *vb)
{
	mutex_lock(&vb->lock);
	vb->page = lone_atomic_page(__GFP_NORETRY);
	mutex_unlock(&vb->lock);
}

static int lone_atomic_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct lone_atomic *vb = container_of(nb, struct lone_atomic, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&vb->lock);	/* want-callback: struct lone_atomic.lock */
	*freed += vb->nr_spare;
	while (vb->nr_spare)
		free_page(vb->spare[--vb->nr_spare]);
	mutex_unlock(&vb->lock);
	return NOTIFY_OK;
}

int lone_atomic_start(struct lone_atomic *vb)
{
	mutex_init(&vb->lock);
	vb->oom_nb.notifier_call = lone_atomic_oom_notify;
	return register_oom_notifier(&vb->oom_nb);
}

MODULE_LICENSE("MIT");
