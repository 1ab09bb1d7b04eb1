/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_ALLOC_TAG_H
#define _LINUX_ALLOC_TAG_H

struct alloc_tag {
	const char *file;
	int line;
};

void alloc_tag_enter(const struct alloc_tag *tag);
void alloc_tag_leave(void);

/* Charges whatever the expression allocates to the line it stands on. */
#define alloc_hooks(expression) ({						\
	static const struct alloc_tag __here = { __FILE__, __LINE__ };		\
	__typeof__(expression) __got;						\
										\
	alloc_tag_enter(&__here);						\
	__got = (expression);							\
	alloc_tag_leave();							\
	__got;									\
})

#endif
