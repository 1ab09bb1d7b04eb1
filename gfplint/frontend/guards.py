"""Definitions of guards: ``DEFINE_GUARD``, ``DEFINE_LOCK_GUARD_0/1``, ``DEFINE_CLASS``, ``DEFINE_FREE``.

What comes in: the text of one such definition; what goes out: a :class:`GuardDefinition`, or the text that
``__free(name)`` runs. The meaning of each is in include/linux/cleanup.h (6.5 and later).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplint.frontend.macros import arguments

if TYPE_CHECKING:
    from gfplint.frontend.source import Item, SourceFile


@dataclass(slots=True, unsafe_hash=True)
class GuardDefinition:
    """How a scope's guard is made and undone.

    ``kind`` is ``guard`` (``_T`` is the pointer given), ``lock1`` (``_T->lock`` is the pointer given),
    ``lock0`` (nothing is given) or ``class`` (``lock`` is the value of ``_T``, in terms of ``params``).
    ``type`` is the C type of ``_T`` (``guard``, ``class``) or of what ``_T->lock`` points to (``lock1``).
    ``lock`` and ``unlock`` are C text. In a ``conditional`` one, ``lock`` is the expression that says whether
    the lock was taken, and ``base`` names the guard that has the rest until :meth:`completed` fills it in.
    """

    name: str
    kind: str
    type: bytes
    lock: bytes
    unlock: bytes
    params: tuple[str, ...] = ()
    conditional: bool = False
    base: str = ""

    def completed(self, base: GuardDefinition) -> GuardDefinition:
        """This conditional guard with the kind, type and unlocking of the guard that it extends."""
        return replace(self, kind=base.kind, type=base.type, unlock=base.unlock, params=base.params)


_HEAD = re.compile(
    rb"\b(DEFINE_(?:GUARD|GUARD_COND|LOCK_GUARD_0|LOCK_GUARD_1|LOCK_GUARD_1_COND|CLASS|FREE))\s*\("
)


def parse_guard_text(text: bytes) -> GuardDefinition | None:
    """The guard that ``text`` defines; None where it defines none or its arguments do not add up."""
    match = _HEAD.search(text)
    if match is None:
        return None
    found = arguments(text, match.end() - 1)
    if found is None:
        return None
    args = [b" ".join(text[start:end].split()) for start, end in found[0]]
    macro = match.group(1).decode()
    name = args[0].decode("utf-8", "replace")
    if macro == "DEFINE_GUARD" and len(args) >= 4:
        return GuardDefinition(name, "guard", args[1], args[2], b", ".join(args[3:]))
    if macro == "DEFINE_LOCK_GUARD_1" and len(args) >= 4:
        return GuardDefinition(name, "lock1", args[1], args[2], args[3])
    if macro == "DEFINE_LOCK_GUARD_0" and len(args) >= 3:
        return GuardDefinition(name, "lock0", b"", args[1], args[2])
    if macro in ("DEFINE_GUARD_COND", "DEFINE_LOCK_GUARD_1_COND") and len(args) >= 3:
        condition = args[2]
        if len(args) > 3:  # since 6.16: how to judge the condition's result _RET
            condition = re.sub(rb"\b_RET\b", b"(" + condition.replace(b"\\", b"\\\\") + b")", args[3])
        kind = "guard" if macro == "DEFINE_GUARD_COND" else "lock1"
        return GuardDefinition(name + args[1].decode(), kind, b"", condition, b"", (), True, name)
    if macro == "DEFINE_CLASS" and len(args) >= 4:
        params = tuple(_last_word(arg) for arg in args[4:] if arg != b"void")
        return GuardDefinition(name, "class", args[1], args[3], args[2], params)
    return None


def parse_guard(source: SourceFile, item: Item) -> GuardDefinition | None:
    """The guard defined at ``item`` (of kind GUARD)."""
    return parse_guard_text(source.text[item.start : item.end])


def parse_free_text(text: bytes) -> tuple[str, bytes] | None:
    """The name and the body of the ``DEFINE_FREE(name, type, body)`` in ``text``, None without one."""
    match = _HEAD.search(text)
    if match is None or match.group(1) != b"DEFINE_FREE":
        return None
    found = arguments(text, match.end() - 1)
    if found is None or len(found[0]) < 3:
        return None
    spans = found[0]
    return text[slice(*spans[0])].decode("utf-8", "replace"), text[spans[2][0] : spans[-1][1]]


def parse_free(source: SourceFile, item: Item) -> tuple[str, bytes] | None:
    """The ``DEFINE_FREE`` at ``item`` (of kind GUARD)."""
    return parse_free_text(source.text[item.start : item.end])


def _last_word(parameter: bytes) -> str:
    words = re.findall(rb"[A-Za-z_]\w*", parameter)
    return words[-1].decode() if words else ""
