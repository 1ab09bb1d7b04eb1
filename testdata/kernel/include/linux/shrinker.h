/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SHRINKER_H
#define _LINUX_SHRINKER_H

#include <linux/types.h>

/* What reclaim tells a shrinker: the mask of the allocation that reclaims, and how much to scan. */
struct shrink_control {
	gfp_t gfp_mask;
	int nid;
	unsigned long nr_to_scan;
	unsigned long nr_scanned;
};

#define SHRINK_STOP (~0UL)
#define SHRINK_EMPTY (~0UL - 1)
#define DEFAULT_SEEKS 2

struct shrinker {
	unsigned long (*count_objects)(struct shrinker *shrinker, struct shrink_control *sc);
	unsigned long (*scan_objects)(struct shrinker *shrinker, struct shrink_control *sc);
	int seeks;
	struct list_head list;
	void *private_data;
};

/* All the forms that registration ever had. */
struct shrinker *shrinker_alloc(unsigned int flags, const char *fmt, ...);
void shrinker_register(struct shrinker *shrinker);
void shrinker_free(struct shrinker *shrinker);

int register_shrinker(struct shrinker *shrinker, const char *fmt, ...);
int prealloc_shrinker(struct shrinker *shrinker, const char *fmt, ...);
void register_shrinker_prepared(struct shrinker *shrinker);
void unregister_shrinker(struct shrinker *shrinker);

unsigned long drop_slab(int nid);

#endif
