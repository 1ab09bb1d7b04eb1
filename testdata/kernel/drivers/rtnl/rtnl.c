// SPDX-License-Identifier: MIT
/*
 * The networking core's lock, behind functions without an argument.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

struct rtnl_user {
	struct mutex lock;
	unsigned long spare[16];
	unsigned int nr_spare;
	struct notifier_block oom_nb;
};

int rtnl_user_open(struct rtnl_user *link)
{
	struct sk_buff *skb;

	rtnl_lock();
	skb = alloc_skb(256, GFP_KERNEL);	/* want GFP001: rtnl_mutex */
	kfree_skb(skb);
	rtnl_unlock();
	return 0;
}

static int rtnl_user_oom_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct rtnl_user *link = container_of(nb, struct rtnl_user, oom_nb);
	unsigned long *freed = data;

	rtnl_lock();	/* want-callback: rtnl_mutex */
	*freed += link->nr_spare;
	link->nr_spare = 0;
	rtnl_unlock();
	return NOTIFY_OK;
}

int rtnl_user_start(struct rtnl_user *link)
{
	mutex_init(&link->lock);
	link->oom_nb.notifier_call = rtnl_user_oom_notify;
	return register_oom_notifier(&link->oom_nb);
}

MODULE_LICENSE("MIT");
