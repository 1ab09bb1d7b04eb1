"""Which functions a subsystem's registration calls hand to the kernel as callbacks.

A callback gets where it is called from in three ways, all followed here: a static initialiser
(``.notifier_call = f``), an assignment before the call (``vb->nb.notifier_call = f``), or a table that
the registered object points to (``mn->ops->invalidate``). Where the registering function got the object
as a parameter, its callers are asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from gfplint import ir
from gfplint.findings import Note
from gfplint.frontend.source import ItemKind
from gfplint.program.kept import KeptWork, Key
from gfplint.program.pointers import Pointers
from gfplint.program.program import FunctionRef, Program
from gfplint.program.substitution import substitute
from gfplint.program.types import Types
from gfplint.rules import Context, Registration

_MAX_CALLERS = 3
"""Levels of functions around the registering one that are asked for the object."""
Stored = tuple[ir.Expr, str]
"""An expression and the file whose names it uses."""


@dataclass(frozen=True, slots=True, order=True)
class Registered:
    """``callback`` is called in ``context`` as its ``role`` (the :class:`gfplint.rules.Callback`'s name);
    registered in ``by`` at offset ``at`` of ``path`` (``by`` is None for a table of functions).
    """

    context: str
    callback: FunctionRef
    role: str
    path: str
    at: int
    by: FunctionRef | None = None


@dataclass(frozen=True, slots=True)
class Unsearched:
    """What a file registers can't be told before it is known which files mention these functions."""

    names: frozenset[str]


Found = list[Registered] | Unsearched
Task = Callable[[], Found]


class Registrations:
    """Finds registered callbacks, all contexts in one search of the tree."""

    def __init__(self, program: Program, types: Types, pointers: Pointers) -> None:
        self._program = program
        self._types = types
        self._pointers = pointers
        self._searched: set[str] = set()
        """Functions of which it is known which files mention them."""
        self._unsearched: set[str] = set()
        """Those whose callers the file at hand asks for, and of which that isn't known yet."""

    def find(
        self,
        contexts: Iterable[Context],
        kept: KeptWork | None = None,
        spread: Callable[[Sequence[Task], int], list[Found]] | None = None,
    ) -> list[Registered]:
        """Every callback registered for these contexts, sorted. One that can't be found leaves a note.

        ``spread`` works on tasks, perhaps in several processes, and at least once; it is told how many units
        of work there are, those of which the answer was kept among them.
        """
        contexts = list(contexts)
        kept = kept or KeptWork(self._program)
        names: dict[str, list[tuple[Context, Registration]]] = {}
        found: set[Registered] = set()
        keys: list[Key] = []
        work: list[Task] = []
        for context in contexts:
            for registration in context.registrations:
                if registration.function is not None:
                    names.setdefault(registration.function, []).append((context, registration))
                else:
                    keys.append(("table", context.id, registration.table, registration.names))
                    work.append(partial(self._tables, context, registration))
        places = self._program.tree.index.mentions(names)
        by_file: dict[str, list[str]] = {}
        for name, files in places.items():
            for path in files:
                by_file.setdefault(path, []).append(name)
        for path in sorted(by_file):
            keys.append(("registered", [context.id for context in contexts], path, sorted(by_file[path])))
            work.append(partial(self._in_file, path, sorted(by_file[path]), names))
        pending: list[tuple[Key, Task]] = []
        for key, task, known in zip(keys, work, kept.load(keys), strict=True):
            if known is None:
                pending.append((key, task))
            else:
                found.update(known)
        rounds = 0
        while pending or not rounds:
            rounds += 1
            tasks = [partial(kept.work, key, task, _is_complete) for key, task in pending]
            answers = spread(tasks, len(keys)) if spread is not None else [task() for task in tasks]
            again: list[tuple[Key, Task]] = []
            unsearched: set[str] = set()
            for each, answer in zip(pending, answers, strict=True):
                if isinstance(answer, Unsearched):
                    again.append(each)
                    unsearched |= answer.names
                else:
                    found.update(answer)
            # A search of the tree costs much the same for one name as for all.
            self._program.tree.index.mentions(sorted(unsearched))
            self._searched |= unsearched
            pending = again
        return sorted(found)

    def _tables(self, context: Context, registration: Registration) -> Found:
        result: list[Registered] = []
        table = registration.table
        if not isinstance(table, ir.Record):
            return result
        for callback, role in zip(registration.callbacks, registration.names, strict=True):
            if isinstance(callback, (ir.Field, ir.Local, ir.Global)):
                for ref in self._pointers.stores.stored(table.tag, callback.name) or ():
                    result.append(Registered(context.id, ref, role, ref.path, ref.start))
        return result

    def _in_file(
        self, path: str, names: list[str], registrations: dict[str, list[tuple[Context, Registration]]]
    ) -> Found:
        self._unsearched.clear()
        result: list[Registered] = []
        notes: set[Note] = set()
        for ref, fn, call in self._calls(path, names):
            assert isinstance(call.function, ir.Global)
            for context, registration in registrations[call.function.name]:
                actual = dict(zip(registration.params, call.args, strict=False))
                for callback, role in zip(registration.callbacks, registration.names, strict=True):
                    refs = self._functions(substitute(callback, actual), fn)
                    for each in refs:
                        result.append(Registered(context.id, each, role, path, call.at, ref))
                    if not refs and role == registration.names[-1]:
                        if any(each.at == call.at and each.path == path for each in result):
                            continue
                        line = self._program.position(path, call.at)[0]
                        notes.add(
                            Note(
                                "unresolved-callback",
                                path,
                                line,
                                f"{fn.name}(): what {call.function.name}() registers is not found.",
                            )
                        )
        if self._unsearched:
            return Unsearched(frozenset(self._unsearched))
        for note in notes:
            self._program.note(note)
        return result

    def _calls(self, path: str, names: list[str]) -> list[tuple[FunctionRef, ir.Function, ir.Call]]:
        """Calls of these functions in a file."""
        pattern = re.compile(rb"\b(?:" + b"|".join(re.escape(name.encode()) for name in names) + rb")\s*\(")
        result: list[tuple[FunctionRef, ir.Function, ir.Call]] = []
        for item, _ in self._program.matching(path, pattern, ItemKind.FUNCTION):
            if item.name in names:
                continue
            ref = FunctionRef(path, item.start, item.name)
            fn = self._program.function(ref)
            for block in fn.blocks if fn is not None else ():
                for instruction in block.instructions:
                    if not isinstance(instruction, ir.Call) or fn is None:
                        continue
                    called = instruction.function
                    if isinstance(called, ir.Global) and called.name in names:
                        result.append((ref, fn, instruction))
        return result

    # ---------------------------------------------------------------------- what is stored

    def _functions(self, lvalue: ir.Expr, fn: ir.Function) -> list[FunctionRef]:
        refs = {
            ref
            for value, path in self._stored(lvalue, fn, 0)
            if (ref := self._pointers.stores.function_named(value, path)) is not None
        }
        return sorted(refs)

    def _stored(self, lvalue: ir.Expr, fn: ir.Function, depth: int) -> list[Stored]:
        """Expressions that may be stored in ``lvalue`` when ``fn`` registers it, likeliest source first."""
        if not isinstance(lvalue, (ir.Field, ir.Deref, ir.Index, ir.Global, ir.Local)):
            return [(lvalue, fn.path)]
        found: list[Stored] = []
        for each in _assigns(fn):
            if each.target == lvalue:
                found.extend(self._meant(each.value, fn, depth))
        if found:
            return found
        if isinstance(lvalue, ir.Global) and self._program.variable(lvalue.name, fn.path) is None:
            return [(lvalue, fn.path)]
        found = self._initialised(lvalue, fn.path)
        if found:
            return found
        found = self._same_place(lvalue, fn)
        if found:
            return found
        found = self._behind_pointer(lvalue, fn, depth)
        if found:
            return found
        if depth < _MAX_CALLERS:
            found = self._from_callers(lvalue, fn, depth)
        return found

    def _meant(self, value: ir.Expr, fn: ir.Function, depth: int) -> list[Stored]:
        """What an assigned value may be: either arm of a choice, or what callers pass for a parameter."""
        if isinstance(value, ir.Select):
            return self._meant(value.then, fn, depth) + self._meant(value.otherwise, fn, depth)
        if isinstance(value, ir.Local) and value.name in fn.params and depth < _MAX_CALLERS:
            return self._from_callers(value, fn, depth)
        return [(value, fn.path)]

    def _initialised(self, lvalue: ir.Expr, path: str) -> list[Stored]:
        """From the initialiser of the file-scope variable at the root of the lvalue."""
        steps: list[str] = []
        node = lvalue
        while isinstance(node, (ir.Field, ir.Index)):
            steps.append(node.name if isinstance(node, ir.Field) else "[]")
            node = node.base
        if not isinstance(node, ir.Global):
            return []
        variable = self._program.initialised(node.name, path)
        if variable is None:
            return []
        wanted = tuple(reversed(steps))
        return [
            (value.value, variable.path)
            for value in variable.values
            if self._types.named_path(variable, value.path) == wanted
        ]

    def _same_place(self, lvalue: ir.Expr, fn: ir.Function) -> list[Stored]:
        """From assignments anywhere in the file to the same place by type."""
        place = self._types.place(lvalue, fn)
        if place is None or not place.steps or not isinstance(lvalue, ir.Field):
            return []
        found: list[Stored] = []
        word = re.compile(rb"\b" + re.escape(lvalue.name.encode()) + rb"\s*=")
        for item, _ in self._program.matching(fn.path, word, ItemKind.FUNCTION):
            other = self._program.function(FunctionRef(fn.path, item.start, item.name))
            for each in _assigns(other) if other is not None else ():
                if (
                    isinstance(each.target, ir.Field)
                    and each.target.name == lvalue.name
                    and other is not None
                ):
                    there = self._types.place(each.target, other)
                    if there is None or (there.owner, there.own_steps) != (place.owner, place.own_steps):
                        continue
                    if _tail(there.steps, place.steps) or there.root == place.root:
                        found.append((each.value, fn.path))
        return found

    def _behind_pointer(self, lvalue: ir.Expr, fn: ir.Function, depth: int) -> list[Stored]:
        """``x->ops->f``: what is stored in ``x->ops``, and what that table has in ``f``."""
        steps: list[str] = []
        node = lvalue
        while isinstance(node, (ir.Field, ir.Index)):
            steps.append(node.name if isinstance(node, ir.Field) else "[]")
            node = node.base
        if not isinstance(node, ir.Deref) or not isinstance(node.pointer, (ir.Field, ir.Global, ir.Local)):
            return []
        found: list[Stored] = []
        if isinstance(node.pointer, ir.Local) and node.pointer.name in fn.params:
            return []
        for value, path in self._stored(node.pointer, fn, depth + 1) if depth < _MAX_CALLERS else ():
            while isinstance(value, ir.Cast):
                value = value.operand
            if isinstance(value, ir.AddressOf):
                target = value.operand
                for step in reversed(steps):
                    target = ir.Field(target, step)
                found.extend(self._initialised(target, path))
        return found

    def _from_callers(self, lvalue: ir.Expr, fn: ir.Function, depth: int) -> list[Stored]:
        """The same lvalue in terms of the arguments that callers pass."""
        root = _root(lvalue)
        if not isinstance(root, ir.Local) or root.name not in fn.params:
            return []
        if not fn.static and fn.name not in self._searched:
            self._unsearched.add(fn.name)
            return []
        files = (fn.path,) if fn.static else self._program.tree.index.mentions([fn.name])[fn.name]
        found: list[Stored] = []
        for path in files:
            for _, caller, call in self._calls(path, [fn.name]):
                actual = dict(zip(fn.params, call.args, strict=False))
                found.extend(self._stored(substitute(lvalue, actual), caller, depth + 1))
        return found


def _is_complete(found: Found) -> bool:
    return not isinstance(found, Unsearched)


def _assigns(fn: ir.Function) -> Iterable[ir.Assign]:
    for block in fn.blocks:
        for instruction in block.instructions:
            if isinstance(instruction, ir.Assign):
                yield instruction


def _tail(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    short = min(len(one), len(other))
    return one[len(one) - short :] == other[len(other) - short :]


def _root(expr: ir.Expr) -> ir.Expr:
    while True:
        match expr:
            case ir.Field(base, _) | ir.Index(base, _):
                expr = base
            case ir.Deref(pointer):
                expr = pointer
            case ir.AddressOf(operand) | ir.Cast(_, operand):
                expr = operand
            case _:
                return expr
