"""Which fields a function may write through the pointers that it is given.

In: the assignments and calls of one function, while it is walked; values tell by their ``deps`` which
parameters a pointer comes from. Out: for each parameter names of fields, in
:attr:`~gfplint.analysis.summary.Summary.written`, by which callers forget no more than they must.
"""

from __future__ import annotations

from gfplint import ir

WHOLE = "*"
"""Written as a whole, or through a pointer of another type."""
UNKNOWN = "?"
"""Passed on to what isn't followed, or kept somewhere: perhaps written, perhaps not."""
_MAX_NAMES = 16
NOTHING: frozenset[str] = frozenset()
NOBODY_KNOWS = frozenset((UNKNOWN,))


def target(lvalue: ir.Expr) -> tuple[ir.Expr | None, str]:
    """The local or temporary pointer through which an assignment to ``lvalue`` writes, None where there is
    none, and the name of the field: the last one on the way, :data:`WHOLE` where there is none.
    """
    name = ""
    while True:
        match lvalue:
            case ir.Field(base, field):
                name = name or field
                lvalue = base
            case ir.Index(base, _):
                lvalue = base
            case ir.Deref(pointer):
                local, field = behind(pointer)
                return local, name or field
            case ir.Local():
                return lvalue, name or WHOLE
            case _:
                return None, name


def behind(pointer: ir.Expr) -> tuple[ir.Expr | None, str]:
    """The local that a pointer is computed from without reading memory, None where there is none; and the
    field of what it points to that the pointer is to, :data:`WHOLE` where it is the same object.
    """
    while True:
        match pointer:
            case ir.Local() | ir.Temp():
                return pointer, WHOLE
            case ir.Cast(_, inner) | ir.Container(inner, _, _) | ir.Binary("+" | "-", inner, _):
                pointer = inner
            case ir.AddressOf(operand):
                return target(operand)
            case _:
                return None, WHOLE


def note(written: dict[int, frozenset[str]], deps: int, names: frozenset[str]) -> None:
    """Fields of these names may be written through the parameters ``deps``."""
    position = 0
    while deps >> position:
        if deps >> position & 1:
            known = written.get(position, NOTHING)
            if not names <= known:
                both = known | names
                if len(both) > _MAX_NAMES:
                    both = frozenset((WHOLE, UNKNOWN))
                written[position] = both
        position += 1
