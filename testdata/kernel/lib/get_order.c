// SPDX-License-Identifier: MIT
#include <linux/mm.h>

int get_order(unsigned long size)
{
	int order = 0;

	while ((PAGE_SIZE << order) < size)
		order++;
	return order;
}
