"""Macros that declare a variable: what it is called and of which type. Data, checked against 4.1 to 6.12.

A use reads like a call, ``DEFINE_MUTEX(x)``; their definitions are initialisers that say little about
what the analysis needs, and some need headers that a small tree does not have. Others are expanded.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Declarer:
    """``type`` as C text, or "" where argument ``type_arg`` is the type. ``name_arg`` is the position of the
    variable's name. ``values`` are (dotted field, argument) pairs that it initialises.
    """

    type: str
    name_arg: int = 0
    type_arg: int = -1
    values: tuple[tuple[str, int], ...] = ()


_TYPES: dict[str, str] = {
    "struct mutex": "DEFINE_MUTEX DECLARE_MUTEX",
    "struct rw_semaphore": "DECLARE_RWSEM",
    "struct semaphore": "DEFINE_SEMAPHORE",
    "struct rt_mutex": "DEFINE_RT_MUTEX",
    "struct ww_class": "DEFINE_WW_CLASS DEFINE_WD_CLASS",
    "spinlock_t": "DEFINE_SPINLOCK",
    "raw_spinlock_t": "DEFINE_RAW_SPINLOCK",
    "rwlock_t": "DEFINE_RWLOCK",
    "seqlock_t": "DEFINE_SEQLOCK",
    "struct percpu_rw_semaphore": "DEFINE_STATIC_PERCPU_RWSEM DEFINE_PERCPU_RWSEM",
    "struct srcu_struct": "DEFINE_SRCU DEFINE_STATIC_SRCU",
    "struct list_head": "LIST_HEAD",
    "struct hlist_head": "HLIST_HEAD",
    "struct llist_head": "LLIST_HEAD",
    "struct completion": "DECLARE_COMPLETION DECLARE_COMPLETION_ONSTACK",
    "struct wait_queue_head": "DECLARE_WAIT_QUEUE_HEAD DECLARE_WAIT_QUEUE_HEAD_ONSTACK",
    "struct wait_queue_entry": "DEFINE_WAIT DEFINE_WAIT_FUNC DECLARE_WAITQUEUE",
    "struct wait_bit_queue_entry": "DEFINE_WAIT_BIT",
    "struct atomic_notifier_head": "ATOMIC_NOTIFIER_HEAD",
    "struct blocking_notifier_head": "BLOCKING_NOTIFIER_HEAD",
    "struct raw_notifier_head": "RAW_NOTIFIER_HEAD",
    "struct srcu_notifier_head": "SRCU_NOTIFIER_HEAD SRCU_NOTIFIER_HEAD_STATIC",
    "struct idr": "DEFINE_IDR",
    "struct ida": "DEFINE_IDA",
    "struct xarray": "DEFINE_XARRAY DEFINE_XARRAY_FLAGS DEFINE_XARRAY_ALLOC DEFINE_XARRAY_ALLOC1",
    "struct ratelimit_state": "DEFINE_RATELIMIT_STATE",
    "struct static_key_true": "DEFINE_STATIC_KEY_TRUE DEFINE_STATIC_KEY_TRUE_RO",
    "struct static_key_false": "DEFINE_STATIC_KEY_FALSE DEFINE_STATIC_KEY_FALSE_RO",
    "struct radix_tree_root": "RADIX_TREE",
}

DECLARERS: dict[str, Declarer] = {
    name: Declarer(type_) for type_, names in _TYPES.items() for name in names.split()
}
DECLARERS.update(
    {
        name: Declarer("", 1, 0)
        for name in [
            "DEFINE_PER_CPU",
            "DEFINE_PER_CPU_ALIGNED",
            "DEFINE_PER_CPU_SHARED_ALIGNED",
            "DEFINE_PER_CPU_PAGE_ALIGNED",
            "DEFINE_PER_CPU_READ_MOSTLY",
            "DEFINE_PER_CPU_FIRST",
            "DEFINE_PER_CPU_CACHE_HOT",
            "DEFINE_PER_CPU_DECRYPTED",
        ]
    }
)
DECLARERS.update(
    {
        "DEFINE_STATIC_KEY_MAYBE": Declarer("struct static_key_false", 1),
        "DEFINE_STATIC_KEY_MAYBE_RO": Declarer("struct static_key_false", 1),
        "DECLARE_WORK": Declarer("struct work_struct", values=(("func", 1),)),
        "DECLARE_DELAYED_WORK": Declarer("struct delayed_work", values=(("work.func", 1),)),
        "DECLARE_DEFERRABLE_WORK": Declarer("struct delayed_work", values=(("work.func", 1),)),
        "DEFINE_TIMER": Declarer("struct timer_list", values=(("function", 1),)),
        "DECLARE_TASKLET": Declarer("struct tasklet_struct", values=(("callback", 1),)),
        "DECLARE_TASKLET_DISABLED": Declarer("struct tasklet_struct", values=(("callback", 1),)),
        "DECLARE_TASKLET_OLD": Declarer("struct tasklet_struct", values=(("func", 1),)),
        "DEFINE_IRQ_WORK": Declarer("struct irq_work", values=(("func", 1),)),
        "DECLARE_BITMAP": Declarer("unsigned long *"),
        "DEFINE_RAW_FLEX": Declarer("", 1, 0),
        "DEFINE_FLEX": Declarer("", 1, 0),
    }
)
