"""What a call calls: by name, or through a pointer by what is stored in the field it is read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gfplint import ir
from gfplint.findings import Note
from gfplint.kernel.trace import Memo
from gfplint.models import Model
from gfplint.program.program import Called, FunctionRef
from gfplint.program.stores import Stores, origins
from gfplint.program.types import Types

if TYPE_CHECKING:
    from gfplint.program.program import Program

FAR_SITES = 150
"""Stores to fields of one name (``.open``) beyond which those far from the start aren't looked at."""
_NEAR_TARGETS = 12
"""Functions near the walk's start that a call may reach before it is no longer followed."""
FAR_TARGETS = 3
"""The same where none of them is near."""
_FEW = 4


class Targets(NamedTuple):
    """What a call through a pointer may call. ``by_home``: whether the folder where the walk started had a
    say in that. ``possible``: how many functions could be meant, those that were taken for another's too.
    """

    refs: tuple[FunctionRef, ...]
    by_home: bool
    possible: int


class Pointers:
    """Call targets, memoised by struct type and field; and the account of how calls were resolved."""

    def __init__(self, program: Program, types: Types) -> None:
        self._program = program
        self._types = types
        self._trace = program.tree.trace
        self._direct: Memo[tuple[str, str], Model | tuple[FunctionRef, ...]] = Memo(
            self._trace, self._by_name
        )
        self.stores = Stores(program, types)
        self.foreign: frozenset[tuple[str, str]] = frozenset()
        """(struct tag, field) pairs whose calls are a context of reclaim of their own: not followed."""

    def direct(self, call: ir.Call, fn: ir.Function) -> Model | tuple[FunctionRef, ...] | None:
        """The API model or the definition that a call by name means; empty where the tree has none.
        None for a call through a pointer.
        """
        if not isinstance(call.function, ir.Global):
            return None
        name = call.function.name
        found = self._direct((name, fn.path))
        if not isinstance(found, Model):
            if not found and self._program.variable(name, fn.path) is not None:
                return None
            self._site(called(fn, call, name), -1 if found else 0)
        return found

    def _site(self, key: Called, targets: int) -> None:
        self._program.account.enter_site(key, targets)
        self._trace.leaf("book", "sites", key, targets)

    def _by_name(self, key: tuple[str, str]) -> Model | tuple[FunctionRef, ...]:
        name, path = key
        model = self._program.models.get(name)
        if model is not None and not self._program.defined_here(name, path):
            if not model.pattern:
                return model
            ref = self._program.resolve(name, path)
            return model if ref is None else (ref,)
        ref = self._program.resolve(name, path)
        return (ref,) if ref is not None else ()

    def count(self, fn: ir.Function, call: ir.Call, targets: int) -> None:
        """Enter a call through a pointer into the account."""
        self._site(called(fn, call, repr(call.function)), targets)

    def targets(self, call: ir.Call, fn: ir.Function, home: str) -> Targets:
        """The functions that a call through a pointer is followed into; none where nothing is known, or too
        much. ``home`` is the folder where the walk started.

        A local variable may hold what anything in ``fn`` assigns to it, a field of a struct what the tree
        stores in fields of that name and struct, an element of an array what any element may.

        An object's functions are nearly always its driver's. So where some of those stored in the field
        are near the start of the walk, they are the ones meant; where none is, only a few are followed.
        """
        expr = _pointer(call.function)
        what = expr.name if isinstance(expr, (ir.Field, ir.Local, ir.Global)) else "a pointer"
        found: set[FunctionRef] = set()
        others = 0
        near = many = foreign = False
        for each in origins(expr, fn):
            each = _pointer(each)
            owner = self._owner(each, fn) if isinstance(each, ir.Field) else ""
            if isinstance(each, ir.Field) and (owner, each.name) in self.foreign:
                foreign = True
                continue
            refs, by_home = self._behind(each, owner, fn, home)
            many |= refs is None
            near |= by_home
            if by_home and isinstance(each, ir.Field):
                others += self.stores.others(owner, each.name, home)
            found.update(refs or ())
        if foreign and not found and not many:
            return Targets((), False, 0)
        most = _NEAR_TARGETS if near else FAR_TARGETS
        self.count(fn, call, _FEW + 1 if many and len(found) <= _FEW else len(found))
        if many or len(found) > most:
            self._note(fn, call, f"{fn.name}() calls through {what}; too many functions are possible.")
            return Targets((), True, 0)
        if not found:
            self._note(fn, call, f"{fn.name}() calls through {what}; no target is known.")
        return Targets(tuple(sorted(found)), near or len(found) > 1, len(found) + others)

    def _owner(self, field: ir.Field, fn: ir.Function) -> str:
        """The tag of the struct that a field is a member of, "" where it has none."""
        owner = self._types.strip(self._types.type_of(field.base, fn), fn.path)
        return owner.tag if isinstance(owner, ir.Record) else ""

    def _behind(
        self, expr: ir.Expr, owner: str, fn: ir.Function, home: str
    ) -> tuple[tuple[FunctionRef, ...] | None, bool]:
        """The functions that one lvalue, a field of struct ``owner`` or a variable, may hold, None where
        there are too many places to look at; and whether they were chosen because they are near.
        """
        if isinstance(expr, ir.Field) and owner:
            near = self.stores.near(owner, expr.name, home)
            return (near, True) if near else (self.stores.stored(owner, expr.name, FAR_SITES), False)
        if isinstance(expr, ir.Global):
            ref = self._program.resolve(expr.name, fn.path)
            return ((ref,) if ref is not None else self.stores.of_variable(expr.name, fn.path)), False
        return (), False

    def _note(self, fn: ir.Function, call: ir.Call, text: str) -> None:
        line = self._program.position(fn.path, call.at)[0]
        self._program.note(Note("unresolved-call", fn.path, line, text))

    def totals(self) -> dict[str, int]:
        """How many call sites were resolved to what, for ``--statistics``."""
        counts = {"direct": 0, "one": 0, "few": 0, "many": 0, "none": 0}
        for number in self._program.account.sites.values():
            if number < 0:
                counts["direct"] += 1
            elif number == 0:
                counts["none"] += 1
            elif number == 1:
                counts["one"] += 1
            else:
                counts["few" if number <= _FEW else "many"] += 1
        return counts


def called(fn: ir.Function, call: ir.Call, text: str) -> Called:
    """A call in a function as the books have it."""
    return fn.path, fn.name, call.at - fn.name_at, text


def _pointer(expr: ir.Expr) -> ir.Expr:
    """The lvalue that a function pointer is read from: ``*f``, casts and the element of an array left out."""
    while isinstance(expr, (ir.Deref, ir.Cast, ir.Index)):
        if isinstance(expr, ir.Deref):
            expr = expr.pointer
        else:
            expr = expr.operand if isinstance(expr, ir.Cast) else expr.base
    return expr
