"""The kinds of things at the top level of a C file, and the words that splitting and normalising share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from gfplint.frontend.words import ATTRIBUTE_CALLS


class ItemKind(Enum):
    """What an item is."""

    FUNCTION = auto()
    """A definition with a body, also one whose header is a macro (``SYSCALL_DEFINE3(open, …) {``)."""
    MACRO = auto()
    """``#define``, the whole directive with its continuation lines."""
    RECORD = auto()
    """``struct x {…}`` or ``union``, also inside another record; the name is the tag or ""."""
    ENUM = auto()
    TYPEDEF = auto()
    VARIABLE = auto()
    """A variable, one item per declarator, also one declared by a macro (``static DEFINE_MUTEX(x);``)."""
    PROTOTYPE = auto()
    GUARD = auto()
    """``DEFINE_GUARD(name, …)`` and the others of include/linux/cleanup.h; the name is the first argument."""
    OTHER = auto()
    """A use of any other macro at top level (``MODULE_LICENSE("GPL")``); the name is the macro's."""


@dataclass(slots=True)
class Item:
    """A piece of a file: byte offsets ``start`` and ``end``; ``name_at`` is where its name stands.

    ``active``: the configuration chooses the ``#if`` arm it is in.
    """

    kind: ItemKind
    name: str
    start: int
    end: int
    name_at: int
    static: bool
    active: bool


STORAGE = frozenset(
    b"static extern inline __inline __inline__ typedef register const volatile asmlinkage".split()
)
"""Words before a declaration that are no type."""

RECORD_WORDS = frozenset([b"struct", b"union", b"enum"])

BESIDE_DECLARATORS = ATTRIBUTE_CALLS | frozenset(
    b"""__typeof__ typeof __typeof typeof_unqual _Alignas asm __asm__ __asm _Static_assert __cond_lock
    __class ACPI_PRINTF_LIKE SEC""".split()
)
"""Words that take an argument list and stand beside a declaration, none of which is a declarator."""

GUARD_MACROS = re.compile(
    rb"(?:DEFINE|DECLARE|EXTEND)_(?:FREE|CLASS(?:_\w+)?|GUARD(?:_COND)?|LOCK_GUARD_\d(?:_COND|_ATTRS)?)\Z"
)
"""The macros of include/linux/cleanup.h (6.5 and newer) that make guards and clean-ups."""

DECLARING_MACROS = re.compile(
    rb"(?!\w*EVENT)(?:\w*_)?(?:DEFINE|DECLARE)\w*\Z|\w*(?:LIST|NOTIFIER|QUEUE|RADIX)_HEAD\Z|RADIX_TREE\Z|\w*DEVICE_ATTR\w*\Z|DEFINE\w*\Z"
    rb"|\w*_(?:ATTR|ATTR_RO|ATTR_RW|ATTR_WO)\Z|LIST_HEAD\Z|HLIST_HEAD\Z|ASYNC_DOMAIN\w*\Z|KFIFO\Z|\w*SIMPLE_DEV_PM_OPS\Z"
)
"""Macros that declare a variable named by one of their arguments, by the forms of their names."""

SECOND_ARGUMENT = re.compile(
    rb"(?:DEFINE|DECLARE)_(?:EARLY_)?PER_CPU\w*\Z|DEFINE_RES_\w+\Z|DECLARE_KFIFO\w*\Z"
)
"""Declaring macros whose first argument is a type."""
