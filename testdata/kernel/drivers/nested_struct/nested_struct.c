// SPDX-License-Identifier: MIT
/*
 * The lock is in a structure inside a structure behind a pointer; the class is that of the
 * innermost.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct nested_state {
	struct mutex lock;
	unsigned int nr_spare;
	unsigned long spare[16];
};

struct nested_core {
	struct nested_state state;
	struct list_head users;
};

struct nested {
	struct nested_core *core;
	struct notifier_block oom_nb;
};

int nested_add(struct nested *pool)
{
	unsigned long addr;

	mutex_lock(&pool->core->state.lock);	/* want-taken: struct nested_state.lock */
	addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct nested_state.lock */
	if (addr)
		pool->core->state.spare[pool->core->state.nr_spare++] = addr;
	mutex_unlock(&pool->core->state.lock);
	return addr ? 0 : -ENOMEM;
}

static int nested_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct nested *pool = container_of(nb, struct nested, oom_nb);
	struct nested_state *state = &pool->core->state;
	unsigned long *freed = data;

	mutex_lock(&state->lock);	/* want-callback: struct nested_state.lock */
	*freed += state->nr_spare;
	while (state->nr_spare)
		free_page(state->spare[--state->nr_spare]);
	mutex_unlock(&state->lock);
	return NOTIFY_OK;
}

int nested_start(struct nested *pool)
{
	mutex_init(&pool->core->state.lock);
	pool->oom_nb.notifier_call = nested_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
