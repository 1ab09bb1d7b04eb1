// SPDX-License-Identifier: MIT
/*
 * As handed_out, but the place that decides is one that was there before.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

enum {
	HANDED_IN_SYSTEM,
	HANDED_IN_VRAM,
};

struct handed_in_place {
	int type;
	struct handed_in_place *next;
};

struct handed_in {
	struct mutex lock;
	struct handed_in_place *places;
	void *data;
	struct notifier_block oom_nb;
};

int handed_in_fill(struct handed_in *owner)
{
	mutex_lock(&owner->lock);
	owner->data = kmalloc(64, GFP_KERNEL);	/* want GFP001: struct handed_in.lock; confidence high */
	mutex_unlock(&owner->lock);
	return owner->data ? 0 : -ENOMEM;
}

static void handed_in_move(struct handed_in *owner, struct handed_in_place *place)
{
	if (place->type != HANDED_IN_SYSTEM) {
		mutex_lock(&owner->lock);	/* want-callback: struct handed_in.lock */
		kfree(owner->data);
		owner->data = NULL;
		mutex_unlock(&owner->lock);
	}
}

static int handed_in_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct handed_in *owner = container_of(nb, struct handed_in, oom_nb);
	struct handed_in_place *place = owner->places;

	if (!place)
		return NOTIFY_DONE;
	handed_in_move(owner, place);
	return NOTIFY_OK;
}

int handed_in_start(struct handed_in *owner)
{
	mutex_init(&owner->lock);
	owner->oom_nb.notifier_call = handed_in_oom_notify;
	return register_oom_notifier(&owner->oom_nb);
}

MODULE_LICENSE("MIT");
