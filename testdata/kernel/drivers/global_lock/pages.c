// SPDX-License-Identifier: MIT
/*
 * A global mutex that two files share: declared in a header, taken under its own name.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

#include "shared.h"

DEFINE_MUTEX(shared_pages_lock);

unsigned long shared_pages_give_back(void)
{
	unsigned long freed;

	mutex_lock(&shared_pages_lock);	/* want-callback: shared_pages_lock */
	freed = shared_pages_count;
	shared_pages_count = 0;
	mutex_unlock(&shared_pages_lock);
	return freed;
}

unsigned long shared_pages_count;

static int shared_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	*(unsigned long *)data += shared_pages_give_back();
	return NOTIFY_OK;
}

static struct notifier_block shared_nb = { .notifier_call = shared_oom_notify };

static int __init shared_init(void)
{
	return register_oom_notifier(&shared_nb);
}
module_init(shared_init);

MODULE_LICENSE("MIT");
