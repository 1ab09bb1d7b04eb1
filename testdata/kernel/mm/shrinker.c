// SPDX-License-Identifier: MIT
/*
 * Reclaim asks those who keep objects that could be had again: how many there are, and to free some.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

static LIST_HEAD(shrinker_list);
static DECLARE_RWSEM(shrinker_rwsem);

static unsigned long do_shrink_slab(struct shrink_control *sc, struct shrinker *shrinker)
{
	unsigned long freed;

	sc->nr_to_scan = shrinker->count_objects(shrinker, sc);
	if (!sc->nr_to_scan || sc->nr_to_scan == SHRINK_EMPTY)
		return 0;
	freed = shrinker->scan_objects(shrinker, sc);
	return freed == SHRINK_STOP ? 0 : freed;
}

static unsigned long shrink_slab(gfp_t gfp_mask, int nid)
{
	struct shrinker *shrinker;
	unsigned long freed = 0;

	if (!down_read_trylock(&shrinker_rwsem))
		return 0;
	list_for_each_entry(shrinker, &shrinker_list, list) {
		struct shrink_control sc = { .gfp_mask = gfp_mask, .nid = nid };

		freed += do_shrink_slab(&sc, shrinker);
	}
	up_read(&shrinker_rwsem);
	return freed;
}

unsigned long drop_slab(int nid)
{
	return shrink_slab(GFP_KERNEL, nid);
}
EXPORT_SYMBOL_GPL(drop_slab);

void shrinker_register(struct shrinker *shrinker)
{
	down_write(&shrinker_rwsem);
	list_add(&shrinker->list, &shrinker_list);
	up_write(&shrinker_rwsem);
}
EXPORT_SYMBOL_GPL(shrinker_register);
