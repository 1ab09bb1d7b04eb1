"""Which sleeping locks the functions of some files may hold, before any callback of reclaim is followed.

In: files. Out: a superset of the classes of locks that :mod:`~gfplint.analysis.regions` could find held in one
of their functions: those whose address a function takes, those that a model takes, those that a function which
it calls returns with. Types decide, and of the functions elsewhere the text first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from gfplint import ir
from gfplint.analysis.evaluate import Evaluator, Limits
from gfplint.analysis.state import parts
from gfplint.analysis.summary import Facts, LockClass
from gfplint.errors import SourceError
from gfplint.frontend.source import ItemKind
from gfplint.kernel import scan
from gfplint.models import Acquire, Model
from gfplint.program.program import FunctionRef
from gfplint.program.substitution import at_call
from gfplint.program.types import lock_record

_CALLED = re.compile(rb"\b([A-Za-z_]\w*)[ \t]*\(")
_GUARDS = ("guard", "scoped_guard", "scoped_cond_guard", "CLASS")
_END = re.compile(rb"\n\}").search
_MACRO_END = re.compile(rb"(?<!\\)\n").search
_SLEEPING = ("mutex", "rt_mutex", "rt_mutex_base", "ww_mutex", "rw_semaphore", "percpu_rw_semaphore", "semaphore", "srcu_struct")
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
        taking: list[str] = []
        tags: set[str] = set()
        for name in models.acquiring():
            model = models.get(name)
            for effect in model.effects if model is not None else ():
                if isinstance(effect, Acquire) and kinds[effect.kind].sleeps:
                    taking.append(name)
        self._taking = frozenset(taking)
        locks = rb"\bstruct\s+(?:" + "|".join(_SLEEPING).encode() + rb")\s*\*"
        self._passed = re.compile(locks).search

    def classes(self, files: Sequence[str]) -> list[LockClass]:
        """The classes of locks, sorted by name."""
        own = sorted(files)
        called: set[str] = set()
        for path in own:
            called.update(name.decode() for name in _CALLED.findall(self._read(path)))
        takers, wrappers = self._elsewhere(called, frozenset(own))
        words = self._taking | takers | {ref.name for ref in wrappers} | set(_GUARDS)
        pattern = re.compile(rb"\b(?:" + b"|".join(re.escape(word.encode()) for word in sorted(words)) + rb")\b")
        found: dict[str, LockClass] = {}
        count = 0
        for path in own:
            file = self._program.source(path)
            for item in self._program.items(path, ItemKind.FUNCTION):
                if file is None or not pattern.search(file.text, item.start, item.end):
                    continue
                count += 1
                for lock in self._in(FunctionRef(path, item.start, item.name)):
                    found[lock.name] = lock
        for ref in sorted(wrappers):
            for exit_ in self._alone.summary(ref, Facts()).exits:
                for held in exit_.taken:
                    found[held.lock.name] = held.lock
        self.info = (len(called), len(takers), len(wrappers), count)
        kinds = self._program.models.kinds
        return [
            found[name]
            for name in sorted(found)
            if not name.startswith(("?", "local ")) and kinds[found[name].kind].sleeps
        ]

    def _elsewhere(self, names: set[str], own: frozenset[str]) -> tuple[set[str], list[FunctionRef]]:
        """Of names that are called: macros that may take a lock and functions that get one passed; functions
        that may return with a lock held.
        """
        models, index = self._program.models, self._program.tree.index
        taking = {*self._taking, *_GUARDS}
        takers: set[str] = set()
        wrappers: set[FunctionRef] = set()
        pending = {name for name in names if name not in models}
        seen = set(pending)
        pattern = re.compile(rb"\b(?:" + b"|".join(re.escape(w.encode()) for w in sorted(taking)) + rb")\s*\(").search
        macros: dict[str, set[str]] = {}
        for _ in range(_NESTED):
            fresh: set[str] = set()
            for name in sorted(pending):
                word = name.encode()
                for path in index.defining(name, "macro"):
                    data = self._read(path)
                    for at, _static in scan.locate(data, word, scan.MACRO):
                        end = _MACRO_END(data, at)
                        body = data[at + len(word) : end.start() if end else len(data)]
                        if pattern(body):
                            takers.add(name)
                        inner = {each.decode() for each in _CALLED.findall(body)}
                        macros.setdefault(name, set()).update(inner)
                        fresh |= inner
                for path in index.defining(name, "function"):
                    data = self._read(path)
                    for at, _static in scan.locate(data, word, scan.FUNCTION):
                        end = _END(data, at)
                        stop = end.start() if end else len(data)
                        head = data.find(b"{", at, stop)
                        if head >= 0 and self._passed(data, at, head):
                            takers.add(name)
                        if pattern(data, at, stop) and path not in own:
                            for item in self._items(path, name):
                                wrappers.add(FunctionRef(path, item, name))
            pending = {name for name in fresh if name not in models} - seen
            seen |= pending
            if not pending:
                break
        for path in own:
            file = self._program.source(path)
            for item in self._program.items(path, ItemKind.MACRO, ItemKind.FUNCTION):
                if file is None:
                    continue
                if item.kind is ItemKind.MACRO:
                    if pattern(file.text, item.start, item.end):
                        takers.add(item.name)
                    macros.setdefault(item.name, set()).update(
                        each.decode() for each in _CALLED.findall(file.text, item.start + 8, item.end)
                    )
                else:
                    head = file.text.find(b"{", item.start, item.end)
                    if head >= 0 and self._passed(file.text, item.start, head):
                        takers.add(item.name)
        real = {ref for ref in wrappers if any(exit_.taken for exit_ in self._alone.summary(ref, Facts()).exits)}
        self.tried = len(wrappers)
        names_taking = takers | {ref.name for ref in real} | taking
        for _ in range(_NESTED):
            more = {name for name, inner in macros.items() if inner & names_taking} - takers
            takers |= more
            names_taking |= more
            if not more:
                break
        return takers, sorted(real)

    def _items(self, path: str, name: str) -> list[int]:
        file = self._program.source(path)
        return [item.start for item in file.find(name, ItemKind.FUNCTION)] if file is not None else []

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
                if lock_record(kind) in _SLEEPING or False:
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

    def _read(self, path: str) -> bytes:
        try:
            return self._program.tree.read(path)
        except SourceError:
            return b""
