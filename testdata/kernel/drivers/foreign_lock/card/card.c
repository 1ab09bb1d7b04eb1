// SPDX-License-Identifier: MIT
/*
 * The shrinker that waits for its bus: see bus.c.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include "../bus/bus.h"

static unsigned long foreign_card_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct foreign_slot *slot = shrinker->private_data;

	mutex_lock(&foreign_bus_lock);	/* want-callback: foreign_bus_lock */
	kfree(slot->name);
	slot->name = NULL;
	mutex_unlock(&foreign_bus_lock);
	return 1;
}

int foreign_card_add(struct foreign_slot *slot)
{
	struct shrinker *shrinker = shrinker_alloc(0, "card");

	if (!shrinker)
		return -ENOMEM;
	shrinker->scan_objects = foreign_card_scan;
	shrinker->private_data = slot;
	shrinker_register(shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
