// SPDX-License-Identifier: MIT
/*
 * The shrinker that tentative.c registers and a header declares.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include "tentative.h"

DEFINE_MUTEX(tentative_far_lock);

static unsigned long tentative_far_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	mutex_lock(&tentative_far_lock);	/* want-callback: tentative_far_lock */
	mutex_unlock(&tentative_far_lock);
	return 1;
}

struct shrinker tentative_far_shrinker = {
	.scan_objects = tentative_far_scan,
	.seeks = DEFAULT_SEEKS,
};
