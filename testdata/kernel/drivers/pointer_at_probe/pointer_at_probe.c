// SPDX-License-Identifier: MIT
/*
 * probe stores a function in the device's own structure and the call goes through it. The device
 * has another pointer of the same type that gets a function which doesn't allocate.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/slab.h>

struct probe_ring {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
	void *ring;
	int (*setup)(struct probe_ring *ring);
	int (*teardown)(struct probe_ring *ring);
};

static int probe_ring_alloc_ring(struct probe_ring *ring)
{
	ring->ring = kcalloc(64, sizeof(unsigned long), GFP_KERNEL);
	return ring->ring ? 0 : -ENOMEM;
}

static int probe_ring_clear_ring(struct probe_ring *ring)
{
	kfree(ring->ring);
	ring->ring = NULL;
	return 0;
}

int probe_ring_open(struct probe_ring *ring)
{
	int err;

	mutex_lock(&ring->lock);
	err = ring->setup(ring);	/* want GFP001: struct probe_ring.lock */
	mutex_unlock(&ring->lock);
	return err;
}

void probe_ring_close(struct probe_ring *ring)
{
	mutex_lock(&ring->lock);
	ring->teardown(ring);
	mutex_unlock(&ring->lock);
}

static int probe_ring_probe(struct platform_device *pdev)
{
	struct probe_ring *ring = dev_get_drvdata(&pdev->dev);

	ring->setup = probe_ring_alloc_ring;
	ring->teardown = probe_ring_clear_ring;
	return 0;
}

static struct platform_driver probe_ring_driver = {
	.probe = probe_ring_probe,
	.name = "ring",
};

static int __init probe_ring_init(void)
{
	return platform_driver_register(&probe_ring_driver);
}
module_init(probe_ring_init);

static int probe_ring_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct probe_ring *ring = container_of(nb, struct probe_ring, oom_nb);
	unsigned long *freed = data;

	mutex_lock(&ring->lock);	/* want-callback: struct probe_ring.lock */
	*freed += ring->nr_spare;
	while (ring->nr_spare)
		free_page(ring->spare[--ring->nr_spare]);
	mutex_unlock(&ring->lock);
	return NOTIFY_OK;
}

int probe_ring_start(struct probe_ring *ring)
{
	mutex_init(&ring->lock);
	ring->oom_nb.notifier_call = probe_ring_oom_notify;
	return register_oom_notifier(&ring->oom_nb);
}

MODULE_LICENSE("MIT");
