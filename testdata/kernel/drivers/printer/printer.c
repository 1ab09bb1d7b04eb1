// SPDX-License-Identifier: MIT
/*
 * A function pointer in a struct that a function returns, that is copied and passed on: it is known which of
 * the two functions is called under the lock.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct printer {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

struct printer_printer {
	int (*print)(struct printer_printer *p, int number);
	int (*puts)(struct printer_printer *p);
	struct printer *pool;
};

static int printer_print_count(struct printer_printer *p, int number)
{
	return p->pool->nr_spare + number;
}

static int printer_print_page(struct printer_printer *p, int number)
{
	p->pool->spare[number] = get_zeroed_page(GFP_KERNEL);
	return p->pool->spare[number] ? 0 : -ENOMEM;
}

static inline struct printer_printer printer_count_printer(struct printer *pool)
{
	struct printer_printer p = {
		.print = printer_print_count,
		.pool = pool,
	};

	return p;
}

static inline struct printer_printer printer_page_printer(struct printer *pool)
{
	struct printer_printer p = {
		.print = printer_print_page,
		.puts = NULL,
		.pool = pool,
	};

	return p;
}

static int printer_printf(struct printer_printer *p, int number)
{
	return p->print(p, number);
}

static int printer_dump(struct printer *pool, struct printer_printer *p)
{
	unsigned int i;

	for (i = 0; i < pool->nr_spare; i++)
		if (printer_printf(p, i))
			return -EIO;
	return printer_printf(p, -1);
}

int printer_show(struct printer *pool)
{
	struct printer_printer made = printer_count_printer(pool);
	struct printer_printer p = made;
	int err;

	mutex_lock(&pool->lock);
	err = printer_dump(pool, &p);
	if (!err)
		err = printer_dump(pool, &p);
	mutex_unlock(&pool->lock);
	return err;
}

int printer_save(struct printer *pool)
{
	struct printer_printer p = printer_page_printer(pool);

	return printer_dump(pool, &p);
}

static int printer_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct printer *pool = container_of(nb, struct printer, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&pool->lock);	/* want-callback: struct printer.lock */
	*freed += pool->nr_spare;
	while (pool->nr_spare)
		free_page(pool->spare[--pool->nr_spare]);
	mutex_unlock(&pool->lock);
	return NOTIFY_OK;
}

int printer_start(struct printer *pool)
{
	mutex_init(&pool->lock);
	pool->oom_nb.notifier_call = printer_oom_notify;
	return register_oom_notifier(&pool->oom_nb);
}

MODULE_LICENSE("MIT");
