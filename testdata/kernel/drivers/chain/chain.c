// SPDX-License-Identifier: MIT
/*
 * The notifier waits for the list's lock; who ages the list waits for the lock of an entry while holding it; and an
 * allocation under the lock of an entry may call the notifier.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct chain_list {
	struct mutex list_lock;
	struct list_head entries;
	struct notifier_block oom_nb;
};

struct chain_entry {
	struct mutex entry_lock;
	struct list_head node;
	void *data;
};

static int chain_list_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct chain_list *list = container_of(nb, struct chain_list, oom_nb);

	mutex_lock(&list->list_lock);	/* want-callback: struct chain_list.list_lock */
	*(unsigned long *)freed += 1;
	mutex_unlock(&list->list_lock);
	return NOTIFY_OK;
}

static void chain_entry_age(struct chain_entry *entry)
{
	mutex_lock(&entry->entry_lock);
	kfree(entry->data);
	entry->data = NULL;
	mutex_unlock(&entry->entry_lock);
}

void chain_list_age(struct chain_list *list, struct chain_entry *entry)
{
	mutex_lock(&list->list_lock);
	chain_entry_age(entry);
	mutex_unlock(&list->list_lock);
}

int chain_entry_fill(struct chain_entry *entry)
{
	mutex_lock(&entry->entry_lock);
	entry->data = kmalloc(64, GFP_KERNEL);	/* want GFP005: struct chain_entry.entry_lock */
	mutex_unlock(&entry->entry_lock);
	return entry->data ? 0 : -ENOMEM;
}

int chain_entry_try(struct chain_entry *entry)
{
	mutex_lock(&entry->entry_lock);
	entry->data = kmalloc(64, GFP_NOWAIT);
	mutex_unlock(&entry->entry_lock);
	return entry->data ? 0 : -ENOMEM;
}

int chain_list_start(struct chain_list *list)
{
	mutex_init(&list->list_lock);
	list->oom_nb.notifier_call = chain_list_oom_notify;
	return register_oom_notifier(&list->oom_nb);
}

MODULE_LICENSE("MIT");
