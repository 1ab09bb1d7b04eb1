// SPDX-License-Identifier: MIT
/*
 * What happens when nothing else helped. Before anybody is killed, those who promised to give memory
 * back are asked, with oom_lock held by the caller and the chain's rwsem held for reading.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/oom.h>
#include <linux/sched.h>

DEFINE_MUTEX(oom_lock);

static BLOCKING_NOTIFIER_HEAD(oom_notify_list);

static void oom_kill_somebody(struct oom_control *oc)
{
	pr_err("out of memory: order %d, mask %x\n", oc->order, oc->gfp_mask);
}

bool out_of_memory(struct oom_control *oc)
{
	unsigned long freed = 0;

	blocking_notifier_call_chain(&oom_notify_list, 0, &freed);
	if (freed > 0)
		return true;

	oom_kill_somebody(oc);
	return true;
}

int register_oom_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&oom_notify_list, nb);
}
EXPORT_SYMBOL_GPL(register_oom_notifier);

int unregister_oom_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&oom_notify_list, nb);
}
EXPORT_SYMBOL_GPL(unregister_oom_notifier);
