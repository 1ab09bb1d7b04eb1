// SPDX-License-Identifier: MIT
/*
 * Of two shrinkers, one waits for its lock only after the kernel has complained: that costs a level of confidence.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

struct after_warning {
	struct mutex recovery;
	struct mutex state;
	int error;
	void *data;
};

static void after_warning_recover(struct after_warning *device)
{
	if (!device->error)
		return;
	WARN_ON_ONCE(1);
	mutex_lock(&device->recovery);	/* want-callback: struct after_warning.recovery */
	device->error = 0;
	mutex_unlock(&device->recovery);
}

int after_warning_reset(struct after_warning *device)
{
	mutex_lock(&device->recovery);
	device->data = kmalloc(64, GFP_KERNEL);	/* want GFP003: struct after_warning.recovery; confidence medium */
	mutex_unlock(&device->recovery);
	return device->data ? 0 : -ENOMEM;
}

int after_warning_set(struct after_warning *device)
{
	mutex_lock(&device->state);
	device->data = kmalloc(64, GFP_KERNEL);	/* want GFP003: struct after_warning.state; confidence high */
	mutex_unlock(&device->state);
	return device->data ? 0 : -ENOMEM;
}

static unsigned long after_warning_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct after_warning *device = shrinker->private_data;

	after_warning_recover(device);
	if (device->error)
		WARN_ON_ONCE(1);
	/* Here both ways meet, with the warning and without. */
	mutex_lock(&device->state);	/* want-callback: struct after_warning.state */
	kfree(device->data);
	device->data = NULL;
	mutex_unlock(&device->state);
	return 1;
}

int after_warning_add(struct after_warning *device)
{
	struct shrinker *shrinker = shrinker_alloc(0, "warning");

	if (!shrinker)
		return -ENOMEM;
	shrinker->scan_objects = after_warning_scan;
	shrinker->private_data = device;
	shrinker_register(shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
