// SPDX-License-Identifier: MIT
/*
 * Macros that save and restore; one function leaves between them.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#define MACRO_BEGIN(cookie) ((cookie) = memalloc_noio_save())
#define MACRO_END(cookie) memalloc_noio_restore(cookie)
#define macro_do(expression) ({				\
	unsigned int __cookie = memalloc_nofs_save();	\
	__auto_type __result = (expression);		\
							\
	memalloc_nofs_restore(__cookie);		\
	__result;					\
})

int macro_good(void **where)
{
	unsigned int cookie;

	MACRO_BEGIN(cookie);
	*where = macro_do(kmalloc(64, GFP_KERNEL));
	MACRO_END(cookie);
	return *where ? 0 : -ENOMEM;
}

int macro_bad(void **where)
{
	unsigned int cookie;

	MACRO_BEGIN(cookie);	/* want GFP006 */
	*where = kmalloc(64, GFP_KERNEL);
	if (!*where)
		return -ENOMEM;
	MACRO_END(cookie);
	return 0;
}
