// SPDX-License-Identifier: MIT
/*
 * Two semaphores, one for sixteen at once, one for a single thread. Only who waits for the second may wait for itself.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/semaphore.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#define COUNTED_SLOTS 16

struct counted {
	struct semaphore slots;
	struct semaphore gate;
	void *data;
};

int counted_post(struct counted *queue)
{
	down(&queue->slots);
	queue->data = kmalloc(64, GFP_KERNEL);
	up(&queue->slots);
	return queue->data ? 0 : -ENOMEM;
}

int counted_pass(struct counted *queue)
{
	down(&queue->gate);
	queue->data = kmalloc(64, GFP_KERNEL);	/* want GFP003: struct counted.gate */
	up(&queue->gate);
	return queue->data ? 0 : -ENOMEM;
}

static unsigned long counted_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct counted *queue = shrinker->private_data;

	down(&queue->slots);	/* want-callback: struct counted.slots */
	up(&queue->slots);
	down(&queue->gate);	/* want-callback: struct counted.gate */
	kfree(queue->data);
	queue->data = NULL;
	up(&queue->gate);
	return 1;
}

int counted_add(struct counted *queue)
{
	struct shrinker *shrinker = shrinker_alloc(0, "counted");

	if (!shrinker)
		return -ENOMEM;
	sema_init(&queue->slots, COUNTED_SLOTS);
	sema_init(&queue->gate, 1);
	shrinker->scan_objects = counted_scan;
	shrinker->private_data = queue;
	shrinker_register(shrinker);
	return 0;
}

MODULE_LICENSE("MIT");
