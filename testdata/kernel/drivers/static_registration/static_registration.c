// SPDX-License-Identifier: MIT
/*
 * A static notifier block, its callback in the initialiser, and a static mutex of the file: the
 * lock's class is its name.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

static DEFINE_MUTEX(quiet_lock);
static LIST_HEAD(quiet_list);
static unsigned long quiet_count;

struct quiet_page {
	struct list_head entry;
	unsigned long addr;
};

static int quiet_add(unsigned int n)
{
	struct quiet_page *entry;

	mutex_lock(&quiet_lock);	/* want-taken: quiet_lock */
	while (n--) {
		entry = kzalloc(sizeof(*entry), GFP_KERNEL);	/* want GFP001: quiet_lock */
		if (!entry)
			break;
		list_add(&entry->entry, &quiet_list);
		quiet_count++;
	}
	mutex_unlock(&quiet_lock);
	return 0;
}

static int quiet_oom_notify(struct notifier_block *self, unsigned long action, void *data)
{
	unsigned long *freed = data;
	struct quiet_page *entry, *next;

	mutex_lock(&quiet_lock);	/* want-callback: quiet_lock */
	list_for_each_entry_safe(entry, next, &quiet_list, entry) {
		list_del(&entry->entry);
		free_page(entry->addr);
		kfree(entry);
		(*freed)++;
	}
	quiet_count = 0;
	mutex_unlock(&quiet_lock);
	return NOTIFY_OK;
}

static struct notifier_block quiet_oom_nb = {
	.notifier_call = quiet_oom_notify,
	.priority = 10,
};

static int __init quiet_init(void)
{
	int err = register_oom_notifier(&quiet_oom_nb);

	return err ? err : quiet_add(16);
}
module_init(quiet_init);

MODULE_LICENSE("MIT");
