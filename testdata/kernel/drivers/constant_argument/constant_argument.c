// SPDX-License-Identifier: MIT
/*
 * The ring's add function builds an indirect table only for more than one buffer. The only caller
 * under the lock passes the constant 1, four calls up.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct single_ring {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	void *tables[4];
	unsigned int nr_tables;
};

struct single_ring_buffer {
	unsigned long addr;
	unsigned int len;
};

static void *single_ring_alloc_table(unsigned int total, gfp_t gfp)
{
	return kmalloc_array(total, sizeof(struct single_ring_buffer), gfp);
}

static int single_ring_ring_add(struct single_ring *ring, struct single_ring_buffer *buffers, unsigned int total, gfp_t gfp)
{
	void *table = NULL;

	if (total > 1)
		table = single_ring_alloc_table(total, gfp);
	ring->tables[ring->nr_tables++ % 4] = table;
	return 0;
}

static int single_ring_add(struct single_ring *ring, struct single_ring_buffer *buffers, unsigned int outs, unsigned int ins,
		  gfp_t gfp)
{
	return single_ring_ring_add(ring, buffers, outs + ins, gfp);
}

static int single_ring_add_out(struct single_ring *ring, struct single_ring_buffer *buffers, unsigned int num, gfp_t gfp)
{
	return single_ring_add(ring, buffers, num, 0, gfp);
}

int single_ring_tell_host(struct single_ring *ring)
{
	struct single_ring_buffer buffer = { .len = sizeof(ring->spare) };
	int err;

	mutex_lock(&ring->lock);
	err = single_ring_add_out(ring, &buffer, 1, GFP_KERNEL);
	mutex_unlock(&ring->lock);
	return err;
}

static int single_ring_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct single_ring *ring = container_of(nb, struct single_ring, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&ring->lock);	/* want-callback: struct single_ring.lock */
	*freed += ring->nr_spare;
	while (ring->nr_spare)
		free_page(ring->spare[--ring->nr_spare]);
	mutex_unlock(&ring->lock);
	return NOTIFY_OK;
}

int single_ring_start(struct single_ring *ring)
{
	mutex_init(&ring->lock);
	ring->oom_nb.notifier_call = single_ring_oom_notify;
	return register_oom_notifier(&ring->oom_nb);
}

MODULE_LICENSE("MIT");
