// SPDX-License-Identifier: MIT
/*
 * A walk with a table of functions, which is passed inside of a struct on the stack. The walk under the lock
 * has the table without the function that allocates.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct walk_ops {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct walk_ops_walk;

struct walk_ops_ops {
	int (*entry)(struct walk_ops_walk *walk);
	int (*post)(struct walk_ops_walk *walk);
};

struct walk_ops_walk {
	const struct walk_ops_ops *ops;
	bool shared;
};

struct walk_ops_zap {
	struct walk_ops_walk base;
	struct walk_ops *pool;
	bool flush;
};

static int walk_ops_zap_entry(struct walk_ops_walk *walk)
{
	struct walk_ops_zap *zap = container_of(walk, struct walk_ops_zap, base);

	zap->flush = zap->pool->nr_spare > 0;
	return 0;
}

static int walk_ops_fill_post(struct walk_ops_walk *walk)
{
	struct walk_ops_zap *zap = container_of(walk, struct walk_ops_zap, base);

	zap->pool->spare[0] = __get_free_page(GFP_KERNEL);
	return zap->pool->spare[0] ? 0 : -ENOMEM;
}

static const struct walk_ops_ops walk_ops_zap_ops = {
	.entry = walk_ops_zap_entry,
};

static const struct walk_ops_ops walk_ops_fill_ops = {
	.entry = walk_ops_zap_entry,
	.post = walk_ops_fill_post,
};

static int walk_ops_range(struct walk_ops_walk *walk, int level)
{
	const struct walk_ops_ops *ops = walk->ops;
	int err = ops->entry(walk);

	if (!err && level)
		err = walk_ops_range(walk, level - 1);
	if (!err && ops->post)
		err = ops->post(walk);
	return err;
}

static int walk_ops_walk_all(struct walk_ops_walk *walk)
{
	walk->shared = true;
	return walk_ops_range(walk, container_of(walk, struct walk_ops_zap, base)->pool->nr_spare);
}

int walk_ops_zap(struct walk_ops *pool)
{
	struct walk_ops_zap zap = {
		.base = { .ops = &walk_ops_zap_ops },
		.pool = pool,
	};

	mutex_lock(&pool->lock);
	walk_ops_walk_all(&zap.base);
	mutex_unlock(&pool->lock);
	return zap.flush;
}

int walk_ops_fill(struct walk_ops *pool)
{
	struct walk_ops_zap zap = {
		.base = { .ops = &walk_ops_fill_ops },
		.pool = pool,
	};

	return walk_ops_walk_all(&zap.base);
}

static int walk_ops_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct walk_ops *pool = container_of(nb, struct walk_ops, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct walk_ops.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int walk_ops_start(struct walk_ops *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = walk_ops_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
