// SPDX-License-Identifier: MIT
/*
 * The callback waits only for places that aren't the system's, and asks for the system's: what it is handed decides,
 * and isn't followed. Such a finding is not reported by default.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

enum {
	HANDED_OUT_SYSTEM,
	HANDED_OUT_VRAM,
};

struct handed_out_place {
	int type;
	struct handed_out_place *next;
};

struct handed_out {
	struct mutex lock;
	struct handed_out_place *places;
	void *data;
	struct notifier_block oom_nb;
};

int handed_out_fill(struct handed_out *owner)
{
	mutex_lock(&owner->lock);
	owner->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&owner->lock);
	return owner->data ? 0 : -ENOMEM;
}

static int handed_out_place(struct handed_out *owner, int type, struct handed_out_place **placed)
{
	struct handed_out_place *place = owner->places;

	while (place && place->type != type)
		place = place->next;
	*placed = place;
	return place ? 0 : -ENOENT;
}

static void handed_out_move(struct handed_out *owner, struct handed_out_place *place)
{
	if (place->type != HANDED_OUT_SYSTEM) {
		mutex_lock(&owner->lock);	/* want-callback: struct handed_out.lock */
		kfree(owner->data);
		owner->data = NULL;
		mutex_unlock(&owner->lock);
	}
}

static int handed_out_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct handed_out *owner = container_of(nb, struct handed_out, oom_nb);
	struct handed_out_place *place;

	if (handed_out_place(owner, HANDED_OUT_SYSTEM, &place))
		return NOTIFY_DONE;
	handed_out_move(owner, place);
	return NOTIFY_OK;
}

int handed_out_start(struct handed_out *owner)
{
	mutex_init(&owner->lock);
	owner->oom_nb.notifier_call = handed_out_oom_notify;
	return register_oom_notifier(&owner->oom_nb);
}

MODULE_LICENSE("MIT");
