// SPDX-License-Identifier: MIT
/*
 * As in chain, but who ages the list only tries the lock of an entry: nobody who holds the list's lock waits.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct order_list {
	struct mutex list_lock;
	struct list_head entries;
	struct notifier_block oom_nb;
};

struct order_entry {
	struct mutex entry_lock;
	struct list_head node;
	void *data;
};

static int order_list_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct order_list *list = container_of(nb, struct order_list, oom_nb);

	mutex_lock(&list->list_lock);	/* want-callback: struct order_list.list_lock */
	*(unsigned long *)freed += 1;
	mutex_unlock(&list->list_lock);
	return NOTIFY_OK;
}

static void order_entry_age(struct order_entry *entry)
{
	if (!mutex_trylock(&entry->entry_lock))
		return;
	kfree(entry->data);
	entry->data = NULL;
	mutex_unlock(&entry->entry_lock);
}

void order_list_age(struct order_list *list, struct order_entry *entry)
{
	mutex_lock(&list->list_lock);
	order_entry_age(entry);
	mutex_unlock(&list->list_lock);
}

int order_entry_fill(struct order_entry *entry)
{
	mutex_lock(&entry->entry_lock);
	entry->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&entry->entry_lock);
	return entry->data ? 0 : -ENOMEM;
}

int order_entry_try(struct order_entry *entry)
{
	mutex_lock(&entry->entry_lock);
	entry->data = kmalloc(64, GFP_NOWAIT);
	mutex_unlock(&entry->entry_lock);
	return entry->data ? 0 : -ENOMEM;
}

int order_list_start(struct order_list *list)
{
	mutex_init(&list->list_lock);
	list->oom_nb.notifier_call = order_list_oom_notify;
	return register_oom_notifier(&list->oom_nb);
}

MODULE_LICENSE("MIT");
