/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KTHREAD_H
#define _LINUX_KTHREAD_H

#include <linux/sched.h>

__printf(4, 5) struct task_struct *kthread_create_on_node(int (*threadfn)(void *data), void *data,
							  int node, const char *namefmt, ...);
int wake_up_process(struct task_struct *tsk);

#define kthread_create(threadfn, data, namefmt, arg...) \
	kthread_create_on_node(threadfn, data, -1, namefmt, ##arg)

#define kthread_run(threadfn, data, namefmt, arg...) ({				\
	struct task_struct *__task = kthread_create(threadfn, data, namefmt, ##arg); \
										\
	wake_up_process(__task);						\
	__task;								\
})

#endif
