// SPDX-License-Identifier: MIT
/*
 * What a function writes to a local variable is not what was known of it before: the second
 * test of the same byte decides anew.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

unsigned long simple_strtoul(const char *text, char **end, unsigned int base);

int scope_output_store(char *text, void **where)
{
	unsigned long first, second;
	unsigned int cookie;
	char *end;

	first = simple_strtoul(text, &end, 10);
	if (*end != ':')
		return -EINVAL;
	second = simple_strtoul(end + 1, &end, 10);
	if (*end && *end != ' ')
		return -EINVAL;
	cookie = memalloc_noio_save();	/* want GFP006 */
	*where = kmalloc(first + second, GFP_KERNEL);
	if (!*where)
		return -ENOMEM;
	memalloc_noio_restore(cookie);
	return 0;
}
