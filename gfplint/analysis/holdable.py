"""Which sleeping locks the functions of some files may hold, before any callback of reclaim is followed.

In: files. Out: a superset of the classes of locks that :mod:`~gfplint.analysis.regions` could find held in
one of their functions: those whose address a function takes, those that a model takes, those with which a
function that it calls returns. Types decide, and of functions elsewhere their text first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gfplint import ir
from gfplint.analysis.evaluate import Evaluator, Limits
from gfplint.analysis.state import parts
from gfplint.analysis.summary import Facts, LockClass
from gfplint.analysis.words import CALLED, GUARD_MACROS
from gfplint.frontend.source import ItemKind
from gfplint.kernel import scan
from gfplint.kernel.trace import Memo
from gfplint.kernel.words import any_of
from gfplint.models import Acquire, Model
from gfplint.program.program import FunctionRef
from gfplint.program.substitution import at_call
from gfplint.program.types import lock_record

_SLEEPING = (
    *("mutex", "rt_mutex", "rt_mutex_base", "ww_mutex", "rw_semaphore", "percpu_rw_semaphore", "semaphore"),
    "srcu_struct",
)
"""The tags of structs that are locks which sleep."""
Elsewhere = tuple[list[str], list[LockClass]]
"""What :meth:`Holdable.elsewhere` says."""
_Examined = tuple[bool, frozenset[str], tuple[LockClass, ...]]
_NESTED = 3
"""Macros in macros that are looked into for what takes a lock."""


class Holdable:
    """Asks for one program."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._alone = Evaluator(evaluator.program, Limits(depth=1), evaluator)
        models = self._program.models
        kinds = models.kinds
        taking = {name for name, effect in models.acquisitions() if kinds[effect.kind].sleeps}
        self._taking = frozenset(taking)
        self._takes = re.compile(any_of(taking | GUARD_MACROS).pattern + rb"\s*\(").search
        locks = rb"\bstruct\s+(?:" + "|".join(_SLEEPING).encode() + rb")\s*\*"
        self._passed = re.compile(locks).search
        self._examined: Memo[str, _Examined] = Memo(evaluator.program.tree.trace, self._examine)

    def called(self, path: str) -> list[str]:
        """The names that a file calls or defines and that have no model, sorted."""
        models = self._program.models
        names = {name.decode() for name in CALLED.findall(self._program.text(path))}
        return sorted(name for name in names if name not in models)

    def classes(self, path: str, elsewhere: Elsewhere) -> list[LockClass]:
        """The classes of locks that functions of a file may hold, sorted by name. ``elsewhere`` is about what
        it calls.
        """
        takers, returned = set(elsewhere[0]), elsewhere[1]
        file = self._program.source(path)
        items = self._program.items(path, ItemKind.MACRO, ItemKind.FUNCTION)
        macros: dict[str, frozenset[str]] = {}
        for item in items:
            text = file.text[item.name_at : item.end] if file is not None else b""
            if item.kind is ItemKind.MACRO:
                macros[item.name] = _calls(text, item.name)
                if self._takes(text):
                    takers.add(item.name)
            elif self._is_passed(text):
                takers.add(item.name)
        for _ in range(_NESTED):
            takers |= {name for name, inner in macros.items() if inner & (takers | self._taking)}
        pattern = any_of(self._taking | takers | GUARD_MACROS)
        found = {lock.name: lock for lock in returned}
        for item in items:
            if item.kind is ItemKind.MACRO or file is None:
                continue
            if pattern.search(file.text, item.start, item.end):
                for lock in self._in(FunctionRef(path, item.start, item.name)):
                    found[lock.name] = lock
        kinds = self._program.models.kinds
        return [
            found[name]
            for name in sorted(found)
            if not name.startswith(("?", "local ")) and kinds[found[name].kind].sleeps
        ]

    def elsewhere(self, names: Iterable[str]) -> Elsewhere:
        """Of names that are called: macros that may take a lock, functions that get one passed or return with
        one held; and the locks that these return with.
        """
        models = self._program.models
        takers: set[str] = set()
        returned: list[LockClass] = []
        macros: dict[str, frozenset[str]] = {}
        seen = pending = set(names)
        for _ in range(_NESTED):
            for name in sorted(pending):
                takes, inner, locks = self._examined(name)
                if takes or locks:
                    takers.add(name)
                macros[name] = inner
                returned += locks
            below = {inner for name in pending for inner in macros[name] if inner not in models}
            pending = below - seen
            seen = seen | pending
        for _ in range(_NESTED):
            takers |= {name for name, inner in macros.items() if inner & (takers | self._taking)}
        return sorted(takers), returned

    def _examine(self, name: str) -> _Examined:
        """Of the definitions of a name: whether a macro takes a lock or a function gets one passed; what the
        macros call; the locks with which functions return.
        """
        index = self._program.tree.index
        takes = False
        inner: frozenset[str] = frozenset()
        locks: dict[str, LockClass] = {}
        for path in sorted(index.defining(name, "macro")):
            for body in self._program.bodies(path, name, scan.MACRO):
                takes |= self._takes(body) is not None
                inner |= _calls(body, name)
        for path in sorted(index.defining(name, "function")):
            for body in self._program.bodies(path, name, scan.FUNCTION):
                takes |= self._is_passed(body)
                if not self._takes(body):
                    continue
                for ref in self._refs(path, name):
                    for exit_ in self._alone.summary(ref, Facts()).exits:
                        locks.update((held.lock.name, held.lock) for held in exit_.taken)
        return takes, inner, tuple(locks[each] for each in sorted(locks))

    def _is_passed(self, body: bytes) -> bool:
        """Whether a function has a parameter that points to a lock."""
        head = body.find(b"{")
        return head >= 0 and self._passed(body, 0, head) is not None

    def _refs(self, path: str, name: str) -> list[FunctionRef]:
        return [
            FunctionRef(path, item.start, name) for item in self._program.find(path, name, ItemKind.FUNCTION)
        ]

    def _in(self, ref: FunctionRef) -> Iterator[LockClass]:
        fn = self._program.function(ref)
        if fn is None:
            return
        for block in fn.blocks:
            for instruction in block.instructions:
                if isinstance(instruction, ir.Assign):
                    yield from self._addresses(instruction.value, fn)
                    continue
                for arg in instruction.args:
                    yield from self._addresses(arg, fn)
                model = self._evaluator.pointers.direct(instruction, fn)
                if isinstance(model, Model):
                    yield from self._taken(model, instruction, fn)

    def _addresses(self, expr: ir.Expr, fn: ir.Function) -> Iterator[LockClass]:
        """Locks whose address is part of an expression."""
        if isinstance(expr, ir.AddressOf) and isinstance(expr.operand, (ir.Field, ir.Global, ir.Index)):
            place = self._evaluator.place(expr.operand, fn)
            if place is not None and place.lock_class:
                kind = self._evaluator.types.strip(place.type, fn.path)
                if lock_record(kind) in _SLEEPING:
                    yield LockClass(place.lock_class, "mutex", place.word, "*" not in place.steps)
        for part in parts(expr):
            yield from self._addresses(part, fn)

    def _taken(self, model: Model, call: ir.Call, fn: ir.Function) -> Iterator[LockClass]:
        actual = dict(zip(model.params, call.args, strict=False))
        for effect in model.effects:
            if not isinstance(effect, Acquire) or not self._program.models.kinds[effect.kind].sleeps:
                continue
            if effect.lock_class is not None:
                yield LockClass(effect.lock_class, effect.kind, "")
            elif effect.lock is not None:
                pointer = at_call(effect.lock, actual)
                place = self._evaluator.place(ir.Deref(pointer), fn)
                if place is not None and place.lock_class:
                    yield LockClass(place.lock_class, effect.kind, place.word, "*" not in place.steps)
                elif isinstance(pointer, ir.AddressOf) and isinstance(pointer.operand, ir.Global):
                    yield LockClass(pointer.operand.name, effect.kind, pointer.operand.name)


def _calls(body: bytes, name: str) -> frozenset[str]:
    """What a macro calls."""
    return frozenset(each.decode() for each in CALLED.findall(body, len(name)))
