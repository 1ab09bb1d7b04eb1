// SPDX-License-Identifier: MIT
/*
 * A card's shrinker waits for the lock of its bus, under which the bus allocates in many places. What is wrong is the
 * one wait, so it is one finding, with the other places listed. Of the bus's own lock for a slot, each place counts.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include "bus.h"

DEFINE_MUTEX(foreign_bus_lock);

int foreign_bus_name(struct foreign_slot *slot, size_t length)
{
	mutex_lock(&foreign_bus_lock);
	slot->name = kmalloc(length, GFP_KERNEL);	/* want GFP003: foreign_bus_lock */
	mutex_unlock(&foreign_bus_lock);
	return slot->name ? 0 : -ENOMEM;
}

int foreign_bus_log(struct foreign_slot *slot, size_t length)
{
	mutex_lock(&foreign_bus_lock);
	slot->log = kmalloc(length, GFP_KERNEL);	/* want GFP003: foreign_bus_lock */
	mutex_unlock(&foreign_bus_lock);
	return slot->log ? 0 : -ENOMEM;
}

/* The mask reaches no shrinker. */
int foreign_bus_note(struct foreign_slot *slot, size_t length)
{
	mutex_lock(&foreign_bus_lock);
	slot->log = kmalloc(length, GFP_NOWAIT);
	mutex_unlock(&foreign_bus_lock);
	return slot->log ? 0 : -ENOMEM;
}

int foreign_slot_name(struct foreign_slot *slot, size_t length)
{
	mutex_lock(&slot->lock);
	slot->name = kmalloc(length, GFP_KERNEL);	/* want GFP003: struct foreign_slot.lock */
	mutex_unlock(&slot->lock);
	return slot->name ? 0 : -ENOMEM;
}

int foreign_slot_log(struct foreign_slot *slot, size_t length)
{
	mutex_lock(&slot->lock);
	slot->log = kmalloc(length, GFP_KERNEL);	/* want GFP003: struct foreign_slot.lock */
	mutex_unlock(&slot->lock);
	return slot->log ? 0 : -ENOMEM;
}

static unsigned long foreign_slot_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct foreign_slot *slot = shrinker->private_data;

	mutex_lock(&slot->lock);	/* want-callback: struct foreign_slot.lock */
	kfree(slot->log);
	slot->log = NULL;
	mutex_unlock(&slot->lock);
	return 1;
}

int foreign_slot_add(struct foreign_slot *slot)
{
	struct shrinker *shrinker = shrinker_alloc(0, "slot");

	if (!shrinker)
		return -ENOMEM;
	shrinker->scan_objects = foreign_slot_scan;
	shrinker->private_data = slot;
	shrinker_register(shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
