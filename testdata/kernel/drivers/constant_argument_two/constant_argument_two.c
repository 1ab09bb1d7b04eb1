// SPDX-License-Identifier: MIT
/*
 * As constant_argument, but two buffers: now the table is needed.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct double_ring {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	void *tables[4];
	unsigned int nr_tables;
};

struct double_ring_buffer {
	unsigned long addr;
	unsigned int len;
};

static void *double_ring_alloc_table(unsigned int total, gfp_t gfp)
{
	return kmalloc_array(total, sizeof(struct double_ring_buffer), gfp);
}

static int double_ring_ring_add(struct double_ring *ring, struct double_ring_buffer *buffers, unsigned int total, gfp_t gfp)
{
	void *table = NULL;

	if (total > 1)
		table = double_ring_alloc_table(total, gfp);
	ring->tables[ring->nr_tables++ % 4] = table;
	return 0;
}

static int double_ring_add(struct double_ring *ring, struct double_ring_buffer *buffers, unsigned int outs, unsigned int ins,
		  gfp_t gfp)
{
	return double_ring_ring_add(ring, buffers, outs + ins, gfp);
}

int double_ring_tell_host(struct double_ring *ring)
{
	struct double_ring_buffer buffers[2] = { { .len = 8 }, { .len = sizeof(ring->spare) } };
	int err;

	mutex_lock(&ring->lock);
	err = double_ring_add(ring, buffers, 1, 1, GFP_KERNEL);	/* want GFP001: struct double_ring.lock */
	mutex_unlock(&ring->lock);
	return err;
}

static int double_ring_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct double_ring *ring = container_of(nb, struct double_ring, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&ring->lock);	/* want-callback: struct double_ring.lock */
	*freed += ring->nr_spare;
	while (ring->nr_spare)
		free_page(ring->spare[--ring->nr_spare]);
	mutex_unlock(&ring->lock);
	return NOTIFY_OK;
}

int double_ring_start(struct double_ring *ring)
{
	mutex_init(&ring->lock);
	ring->oom_nb.notifier_call = double_ring_oom_notify;
	return register_oom_notifier(&ring->oom_nb);
}

MODULE_LICENSE("MIT");
