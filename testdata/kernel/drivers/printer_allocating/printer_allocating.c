// SPDX-License-Identifier: MIT
/*
 * The nearest neighbour of printer: the one that allocates is called under the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct printer_allocating {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct printer_allocating_printer {
	int (*print)(struct printer_allocating_printer *p, int number);
	int (*puts)(struct printer_allocating_printer *p);
	struct printer_allocating *pool;
};

static int printer_allocating_print_count(struct printer_allocating_printer *p, int number)
{
	return p->pool->nr_spare + number;
}

static int printer_allocating_print_page(struct printer_allocating_printer *p, int number)
{
	p->pool->spare[number] = get_zeroed_page(GFP_KERNEL);
	return p->pool->spare[number] ? 0 : -ENOMEM;
}

static inline struct printer_allocating_printer printer_allocating_count_printer(struct printer_allocating *pool)
{
	struct printer_allocating_printer p = {
		.print = printer_allocating_print_count,
		.pool = pool,
	};

	return p;
}

static inline struct printer_allocating_printer printer_allocating_page_printer(struct printer_allocating *pool)
{
	struct printer_allocating_printer p = {
		.print = printer_allocating_print_page,
		.puts = NULL,
		.pool = pool,
	};

	return p;
}

static int printer_allocating_printf(struct printer_allocating_printer *p, int number)
{
	return p->print(p, number);
}

static int printer_allocating_dump(struct printer_allocating *pool, struct printer_allocating_printer *p)
{
	unsigned int i;

	for (i = 0; i < pool->nr_spare; i++)
		if (printer_allocating_printf(p, i))
			return -EIO;
	return printer_allocating_printf(p, -1);
}

int printer_allocating_show(struct printer_allocating *pool)
{
	struct printer_allocating_printer made = printer_allocating_page_printer(pool);
	struct printer_allocating_printer p = made;
	int err;

	mutex_lock(&pool->lock);
	err = printer_allocating_dump(pool, &p);	/* want GFP001: struct printer_allocating.lock */
	if (!err)
		err = printer_allocating_dump(pool, &p);
	mutex_unlock(&pool->lock);
	return err;
}

int printer_allocating_save(struct printer_allocating *pool)
{
	struct printer_allocating_printer p = printer_allocating_count_printer(pool);

	return printer_allocating_dump(pool, &p);
}

static int printer_allocating_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct printer_allocating *pool = container_of(nb, struct printer_allocating, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct printer_allocating.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int printer_allocating_start(struct printer_allocating *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = printer_allocating_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
