"""Values, locks and exits spelled out for ``--dump``.

In: nouns of :mod:`gfplint.analysis.values` and :mod:`gfplint.analysis.summary`. Out: text on one line each,
equal for equal nouns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gfplint.analysis.summary import SCOPES, Exit, Held, LockClass
from gfplint.analysis.values import ALL, Address, Bits, Code, OneOf, Value
from gfplint.irprint import format_expr
from gfplint.program.program import FunctionRef

At = Callable[[str, int], str]
"""(path, offset) → ``path:line:column``."""


def value(found: Value) -> str:
    """A value in words: ``0``, ``0 or not 0``, ``f()``, ``anything``."""
    match found:
        case OneOf(values):
            return " or ".join(sorted({value(each) for each in values}))
        case Bits():
            return _bits(found)
        case Code(ref):
            return f"{ref.name}()"
        case Address():
            return f"a pointer to {found.place.root}" if found.place is not None else "a valid pointer"
    return "the cookie of a scope"


def _bits(bits: Bits) -> str:
    if bits.signed is not None:
        return str(bits.signed)
    if not bits.ones and not bits.zeros:
        return "not 0" if bits.nonzero else "anything"
    if not bits.ones and bits.zeros == ALL ^ 1:
        return "0 or 1"
    known = [f"bits {bits.ones:#x} set"] if bits.ones else []
    known += [f"bits {bits.zeros:#x} clear"] if bits.zeros else []
    known += ["not 0"] if bits.nonzero and not bits.ones else []
    return ", ".join(known)


def scopes(bits: int) -> str:
    """``nofs and noreclaim``."""
    return " and ".join(name for name, bit in sorted(SCOPES.items()) if bits & bit)


def lock_name(lock: Held) -> str:
    """The class; a lock that has none by the expression that named it."""
    name = lock.lock.name
    if not name.startswith("?"):
        return name
    leaf = lock
    while leaf.inner is not None:
        leaf = leaf.inner
    named = format_expr(leaf.pointer) if leaf.pointer is not None else "an unknown expression"
    return f"unknown lock {named}"


def held(locks: Sequence[Held], path: str, at: At) -> str:
    """Locks held by a function of ``path``: class, kind, where taken."""
    return "; ".join(_held(each, path, at) for each in locks) or "none"


def _held(lock: Held, path: str, at: At) -> str:
    shared = ", shared" if lock.shared else ""
    inner = ""
    each = lock
    while each.inner is not None and each.callee is not None:
        callee, each = each.callee, each.inner
        inner += f" in {callee.name}() at {at(callee.path, each.at)}"
    return f"{lock_name(lock)} ({lock.lock.kind}{shared}) taken at {inside(at(path, lock.at), path)}{inner}"


def inside(place: str, path: str) -> str:
    """A place of the file that is spoken of without the file."""
    return place.removeprefix(f"{path}:")


def exits(found: Sequence[Exit], path: str, at: At) -> list[str]:
    """A line for each exit, none where every way out leaves locks and scopes as they were at entry."""
    if not any(each.taken or each.dropped or each.entered or each.left for each in found):
        return []
    return sorted(f"returns {value(each.value)}: {_change(each, path, at)}" for each in found)


def _change(exit_: Exit, path: str, at: At) -> str:
    changes = [f"holds {held((each,), path, at)}" for each in exit_.taken]
    changes += [f"dropped {name}" for name in sorted(exit_.dropped)]
    changes += [f"entered {scopes(exit_.entered)}"] if exit_.entered else []
    changes += [f"left {scopes(exit_.left)}"] if exit_.left else []
    return "; ".join(changes) or "locks as at entry"


def wait(lock: LockClass, shared: bool, steps: Sequence[tuple[FunctionRef, int]], at: At) -> str:
    """A lock that is waited for, and the calls that lead there: (function, offset in it), outermost first."""
    way = ", ".join(f"{ref.name}() at {at(ref.path, offset)}" for ref, offset in steps)
    return f"{lock.name} ({lock.kind}{', shared' if shared else ''}) by {way}"
