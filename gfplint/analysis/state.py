"""One abstract state of a path: variables, conditions known, locks held, scopes.

States that meet at a block are kept apart while they differ in :attr:`State.key` (locks held and
dropped, scopes entered and left), and joined otherwise. So a condition that decided whether a lock was
taken stays tied to that lock for as long as it is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from gfplint import ir
from gfplint.analysis.contents import Contents, below, chain
from gfplint.analysis.summary import Held, Locks
from gfplint.analysis.values import Pointee, Struct, Value, join, struct_contents, widen, with_deps
from gfplint.analysis.written import NOBODY_KNOWS, WHOLE

_locals: dict[ir.Expr, frozenset[ir.Expr]] = {}
_fields: dict[ir.Expr, frozenset[str]] = {}


def locals_in(expr: ir.Expr) -> frozenset[ir.Expr]:
    """The locals and temporaries that an expression reads, memoised."""
    found = _locals.get(expr)
    if found is None:
        if isinstance(expr, (ir.Local, ir.Temp)):
            found = frozenset((expr,))
        else:
            found = frozenset().union(*(locals_in(part) for part in parts(expr)))
        _locals[expr] = found
    return found


def fields_in(expr: ir.Expr) -> frozenset[str]:
    """The names of the fields and globals that an expression reads from memory, memoised."""
    found = _fields.get(expr)
    if found is None:
        found = frozenset().union(*(fields_in(part) for part in parts(expr)))
        if isinstance(expr, (ir.Field, ir.Global)):
            found |= {expr.name}
        elif isinstance(expr, (ir.Deref, ir.Index)):
            found |= {"*"}
        _fields[expr] = found
    return found


def indexed(expr: ir.Expr) -> bool:
    """Whether an expression reads an element of an array, at a place that may differ each time."""
    return (isinstance(expr, ir.Index) and not isinstance(expr.index, ir.Const)) or any(
        indexed(part) for part in parts(expr)
    )


def forget() -> None:
    """Let go of what is memoised for single expressions."""
    _locals.clear()
    _fields.clear()


def root(lvalue: ir.Expr) -> ir.Expr:
    """What an lvalue is a part of: ``b`` of ``b.ranges[i].start``; itself where it is no part of anything."""
    while isinstance(lvalue, (ir.Field, ir.Index)):
        lvalue = lvalue.base
    return lvalue


def parts(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    """The direct operands of an expression."""
    match expr:
        case ir.Field(base, _):
            return (base,)
        case ir.Deref(operand) | ir.AddressOf(operand) | ir.Unary(_, operand) | ir.Cast(_, operand):
            return (operand,)
        case ir.Container(pointer, _, _):
            return (pointer,)
        case ir.Index(left, right) | ir.Binary(_, left, right):
            return left, right
        case ir.Select(condition, then, otherwise):
            return condition, then, otherwise
    return ()


Key: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], int, int]
"""Names held, names dropped, scopes entered, scopes left."""


class State:
    """Mutable while one path runs through a block; copied where paths fork."""

    __slots__ = ("asserted", "dropped", "entered", "facts", "held", "left", "tried", "variables", "warned")

    def __init__(self) -> None:
        self.variables: dict[ir.Expr, Value] = {}
        """Locals and temporaries; a missing one is unknown."""
        self.facts: dict[ir.Expr, Value] = {}
        """What is known of other expressions: fields in memory, conditions that were decided."""
        self.held: tuple[Held, ...] = ()
        """Locks taken since entry, in order."""
        self.dropped: frozenset[str] = frozenset()
        """Classes that the caller holds and that were released here."""
        self.entered = 0
        self.left = 0
        self.asserted: Locks = frozenset()
        """What the function says that its caller holds."""
        self.warned = False
        """Whether something has surely gone wrong on the way here (``WARN_ON(1)``)."""
        self.tried: frozenset[tuple[ir.Expr, str, bool]] = frozenset()
        """Locks that were tried with success, by pointer, class and whether for reading: whoever runs this
        didn't hold them when it came, so that to wait for one of them later is no wait for oneself.
        """

    @property
    def key(self) -> Key:
        """States with equal keys are joined where they meet."""
        names = tuple(sorted([held.lock.name for held in self.held])) if self.held else ()
        return names, tuple(sorted(self.dropped)) if self.dropped else (), self.entered, self.left

    def fork(self) -> State:
        """A copy that can go another way."""
        other = State()
        other.variables = dict(self.variables)
        other.facts = dict(self.facts)
        other.held = self.held
        other.dropped = self.dropped
        other.entered = self.entered
        other.left = self.left
        other.asserted = self.asserted
        other.tried = self.tried
        other.warned = self.warned
        return other

    def assign(self, target: ir.Expr, value: Value | None) -> None:
        """``target`` now has ``value`` (None: unknown), and what was known by its old value is forgotten."""
        if self.tried:
            self._forget_tried(target)
        if isinstance(target, (ir.Local, ir.Temp)):
            if value is None:
                self.variables.pop(target, None)
            else:
                self.variables[target] = value
            if self.facts:
                stale = [key for key in self.facts if target in locals_in(key)]
                for key in stale:
                    del self.facts[key]
            return
        if self.facts:
            name = target.name if isinstance(target, (ir.Field, ir.Global)) else "*"
            stale = [key for key in self.facts if name in fields_in(key)]
            for key in stale:
                del self.facts[key]
        self._set_in_struct(target)
        if value is not None:
            self.facts[target] = value

    def assign_struct(self, target: ir.Expr, value: Struct) -> None:
        """A struct is copied to ``target``. What is known of a local's fields is kept as facts."""
        contents = value.contents
        if isinstance(target, ir.Temp):
            self.assign(target, value)
            return
        rest: Value | None = None
        if contents.rest is not None and isinstance(target, ir.Local):
            known = Contents((), contents.rest, contents.changed)
            rest = Struct(known.without(path.rpartition(".")[2] for path, _ in contents.fields), value.deps)
        self.assign(target, rest)
        if isinstance(chain(target)[0], ir.Local):
            for path, each in contents.fields:
                self.facts[below(target, path)] = with_deps(each, value.deps)

    def _set_in_struct(self, target: ir.Expr) -> None:
        """A field was set, or part of one: of a zeroed local struct it is no longer known to be 0."""
        name = ""
        while isinstance(target, (ir.Field, ir.Index)):
            if not name and isinstance(target, ir.Field):
                name = target.name
            target = target.base
        if name and isinstance(target, ir.Local):
            self._change_struct(target, (name,))

    def _change_struct(self, local: ir.Expr, names: Iterable[str]) -> None:
        value = self.variables.get(local)
        known = struct_contents(value)
        if known is not None and value is not None:
            left = known.without(names)
            if left:
                self.variables[local] = Struct(left, value.deps)
            else:
                del self.variables[local]

    def forget_fields(self, local: ir.Expr, names: frozenset[str]) -> None:
        """Fields of these names may have been written, of the struct ``local`` or of what it points to."""
        names -= NOBODY_KNOWS
        if not names:
            return
        for key in [each for each in self.facts if local in locals_in(each)]:
            if not names.isdisjoint(fields_in(key)):
                del self.facts[key]
        value = self.variables.get(local)
        if isinstance(value, Pointee):
            left = Contents() if WHOLE in names else value.contents.without(names)
            self.variables[local] = Pointee(left, value.deps)
        else:
            self._change_struct(local, names)

    def _forget_tried(self, target: ir.Expr) -> None:
        """A pointer means something else once what it is read from has changed."""
        if isinstance(target, (ir.Local, ir.Temp)):
            gone = {each for each in self.tried if target in locals_in(each[0])}
        else:
            name = target.name if isinstance(target, (ir.Field, ir.Global)) else "*"
            gone = {each for each in self.tried if name in fields_in(each[0])}
        self.tried -= gone

    def merge(self, other: State, *, widening: bool) -> bool:
        """Make this state cover ``other`` too; True where that changed it. Locks keep their place."""
        changed = not (self.asserted <= other.asserted and self.tried <= other.tried)
        changed |= self.warned and not other.warned
        self.warned &= other.warned
        self.asserted &= other.asserted
        self.tried &= other.tried
        for key, mine in list(self.variables.items()):
            theirs = other.variables.get(key)
            if theirs is None:
                del self.variables[key]
                changed = True
            elif theirs is not mine and theirs != mine:
                joined = join(mine, theirs)
                if joined != mine:
                    self.variables[key] = widen(joined) if widening else joined
                    changed = True
        for key, mine in list(self.facts.items()):
            theirs = other.facts.get(key)
            if theirs is None or (theirs != mine and join(mine, theirs) != mine):
                del self.facts[key]
                changed = True
        return changed
