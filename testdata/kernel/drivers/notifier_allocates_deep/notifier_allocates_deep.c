// SPDX-License-Identifier: MIT
/*
 * The allocation is three calls below the notifier.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/string.h>

struct reporter {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

static char *reporter_copy(const char *text, gfp_t gfp)
{
	return kstrdup(text, gfp);	/* want GFP002 */
}

static char *reporter_format(struct reporter *pool, const char *text)
{
	return pool->nr_spare ? reporter_copy(text, GFP_KERNEL) : NULL;
}

static void reporter_report(struct reporter *pool, const char *text)
{
	char *copy = reporter_format(pool, text);

	if (copy)
		pr_info("%s\n", copy);
	kfree(copy);
}

static int reporter_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct reporter *pool = container_of(nb, struct reporter, oom_nb);
	unsigned long *freed = data;
	reporter_report(pool, "out of memory");
	*freed += pool->nr_spare;
	return NOTIFY_OK;
}

int reporter_start(struct reporter *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = reporter_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
