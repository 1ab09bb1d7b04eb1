// SPDX-License-Identifier: MIT
/*
 * The lock of a device, by its own functions.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct device_user {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	struct device *dev;
};

int device_user_bind(struct device_user *link)
{
	void *state;

	device_lock(link->dev);
	state = devm_kzalloc(link->dev, 64, GFP_KERNEL);	/* want GFP001: struct device.mutex */
	device_unlock(link->dev);
	return state ? 0 : -ENOMEM;
}

static int device_user_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device_user *link = container_of(nb, struct device_user, oom_nb);
	unsigned long *freed = data;

	device_lock(link->dev);	/* want-callback: struct device.mutex */
	*freed += link->nr_spare;
	link->nr_spare = 0;
	device_unlock(link->dev);
	return NOTIFY_OK;
}

int device_user_start(struct device_user *link)
{
	mutex_init(&link->lock);
	link->oom_nb.notifier_call = device_user_oom_notify;
	return register_oom_notifier(&link->oom_nb);
}

MODULE_LICENSE("MIT");
