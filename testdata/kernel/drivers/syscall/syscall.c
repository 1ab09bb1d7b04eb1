// SPDX-License-Identifier: MIT
/*
 * The function's header is a macro.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/syscalls.h>

struct syscall_pool {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static struct syscall_pool the_pool;

SYSCALL_DEFINE2(fill_pool, unsigned int, n, unsigned int, flags)
{
	unsigned long addr;

	if (flags)
		return -EINVAL;
	mutex_lock(&the_pool.lock);	/* want-taken: struct syscall_pool.lock */
	while (n--) {
		addr = __get_free_page(GFP_KERNEL);	/* want GFP001: struct syscall_pool.lock */
		if (!addr)
			break;
		the_pool.spare[the_pool.nr_spare++] = addr;
	}
	mutex_unlock(&the_pool.lock);
	return 0;
}

static int syscall_pool_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct syscall_pool *pool = container_of(nb, struct syscall_pool, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct syscall_pool.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int syscall_pool_start(struct syscall_pool *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = syscall_pool_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
