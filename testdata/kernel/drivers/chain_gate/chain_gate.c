// SPDX-License-Identifier: MIT
/*
 * As in chain, but one more lock keeps the thread that ages the list and the one that allocates apart.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct gated_list {
	struct mutex gate;
	struct mutex list_lock;
	struct list_head entries;
	struct notifier_block oom_nb;
};

struct gated_entry {
	struct mutex entry_lock;
	struct list_head node;
	void *data;
};

static int gated_list_oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	struct gated_list *list = container_of(nb, struct gated_list, oom_nb);

	mutex_lock(&list->list_lock);	/* want-callback: struct gated_list.list_lock */
	*(unsigned long *)freed += 1;
	mutex_unlock(&list->list_lock);
	return NOTIFY_OK;
}

static void gated_entry_age(struct gated_entry *entry)
{
	mutex_lock(&entry->entry_lock);
	kfree(entry->data);
	entry->data = NULL;
	mutex_unlock(&entry->entry_lock);
}

void gated_list_age(struct gated_list *list, struct gated_entry *entry)
{
	mutex_lock(&list->gate);
	mutex_lock(&list->list_lock);
	gated_entry_age(entry);
	mutex_unlock(&list->list_lock);
	mutex_unlock(&list->gate);
}

int gated_entry_fill(struct gated_list *list, struct gated_entry *entry)
{
	mutex_lock(&list->gate);
	mutex_lock(&entry->entry_lock);
	entry->data = kmalloc(64, GFP_KERNEL);
	mutex_unlock(&entry->entry_lock);
	mutex_unlock(&list->gate);
	return entry->data ? 0 : -ENOMEM;
}

int gated_entry_try(struct gated_entry *entry)
{
	mutex_lock(&entry->entry_lock);
	entry->data = kmalloc(64, GFP_NOWAIT);
	mutex_unlock(&entry->entry_lock);
	return entry->data ? 0 : -ENOMEM;
}

int gated_list_start(struct gated_list *list)
{
	mutex_init(&list->list_lock);
	list->oom_nb.notifier_call = gated_list_oom_notify;
	return register_oom_notifier(&list->oom_nb);
}

MODULE_LICENSE("MIT");
