"""What is known of the fields of a struct.

In: values of fields, by dotted path (``base.ops``). Out: the same for a part of the struct, for either of two
structs, or after fields of some names were written. It is what :class:`~gfplint.analysis.values.Struct` (a
struct by value) and :class:`~gfplint.analysis.values.Pointee` (a pointer to one) are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplint import ir

if TYPE_CHECKING:
    from gfplint.analysis.values import Bits, Value

_MAX_FIELDS = 16
"""Fields that are known at a time. Contents are part of what summaries are kept by, so they stay small."""
_MAX_CHANGED = 24
"""Names of fields that were set since the struct was zeroed, beyond which that is forgotten."""


@dataclass(slots=True, unsafe_hash=True)
class Contents:
    """``fields`` are (path, value) pairs, sorted. ``rest`` is the value of all others, where the struct was
    zeroed; but not of those with a name of ``changed`` (sorted) on their path, of which nothing is known.
    """

    fields: tuple[tuple[str, Value], ...] = ()
    rest: Bits | None = None
    changed: tuple[str, ...] = ()

    def field(self, path: str) -> Value | None:
        """The value of a field, None where it is not known."""
        for known, value in self.fields:
            if known == path:
                return value
        if self.rest is None or (self.changed and not _apart(path, self.changed)):
            return None
        return self.rest

    def part(self, path: str) -> Contents:
        """The contents of the struct that is the field at ``path``; the whole for an empty one."""
        if not path:
            return self
        start = path + "."
        fields = tuple(
            (known[len(start) :], value) for known, value in self.fields if known.startswith(start)
        )
        if self.rest is None or not _apart(path, self.changed):
            return Contents(fields)
        return Contents(fields, self.rest, self.changed)

    def with_fields(self, fields: Iterable[tuple[str, Value]]) -> Contents:
        """The same struct where these fields are known, too."""
        known = {**dict(self.fields), **dict(fields)}
        return made(known.items(), self.rest, self.changed)

    def without(self, names: Iterable[str]) -> Contents:
        """What is left after fields of these names were written, wherever in the struct they are."""
        gone = frozenset(names)
        fields = tuple(pair for pair in self.fields if _apart(pair[0], gone))
        if self.rest is None:
            return Contents(fields)
        return made(fields, self.rest, gone.union(self.changed))

    def joined(self, other: Contents, join: Callable[[Value, Value], Value]) -> Contents:
        """What is known of a struct that is one of the two."""
        rest = self.rest if self.rest is not None and self.rest == other.rest else None
        fields: list[tuple[str, Value]] = []
        lost: set[str] = set()
        for path in dict.fromkeys(path for path, _ in (*self.fields, *other.fields)):
            mine, theirs = self.field(path), other.field(path)
            if mine is not None and theirs is not None:
                fields.append((path, join(mine, theirs)))
            else:
                lost.add(path.rpartition(".")[2])
        return made(fields, rest, lost.union(self.changed, other.changed))

    def __bool__(self) -> bool:
        return bool(self.fields) or self.rest is not None


def made(fields: Iterable[tuple[str, Value]], rest: Bits | None, changed: Iterable[str]) -> Contents:
    """Contents within bounds: of too many fields those that come first by name are kept."""
    known = sorted(fields, key=lambda pair: pair[0])
    if rest is None:
        return Contents(tuple(known[:_MAX_FIELDS]))
    names = {*changed, *(path.rpartition(".")[2] for path, _ in known[_MAX_FIELDS:])}
    if len(names) > _MAX_CHANGED:
        return Contents(tuple(known[:_MAX_FIELDS]))
    return Contents(tuple(known[:_MAX_FIELDS]), rest, tuple(sorted(names)))


def _apart(path: str, names: Iterable[str]) -> bool:
    """Whether no field on a path has one of these names."""
    if "." not in path:
        return path not in names
    return not any(step in names for step in path.split("."))


def chain(lvalue: ir.Expr) -> tuple[ir.Expr, str]:
    """``b.base.ops`` as (``b``, ``base.ops``): what a chain of fields begins at, and its path from there."""
    path = ""
    while isinstance(lvalue, ir.Field):
        path = f"{lvalue.name}.{path}" if path else lvalue.name
        lvalue = lvalue.base
    return lvalue, path


def below(lvalue: ir.Expr, path: str) -> ir.Expr:
    """The field at ``path`` of ``lvalue``."""
    for name in path.split("."):
        lvalue = ir.Field(lvalue, name)
    return lvalue
