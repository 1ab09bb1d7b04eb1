"""Objects that carry an allocation scope: whoever has one is inside the scope.

A transaction of XFS is made by ``xfs_trans_alloc()``, which enters ``memalloc_nofs_save()`` and keeps the
cookie in the transaction; what ends the transaction restores it. So a function that gets one as an argument
was called inside the scope, however many callers are between. An object that keeps a cookie only while it is
locked is none.

In: an allocation under a lock. Out: the carriers that functions on the way to it were passed. Asked only of
findings: each question is a search of the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gfplint import ir
from gfplint.analysis import scopes
from gfplint.analysis.callers import Callers
from gfplint.analysis.contents import chain
from gfplint.analysis.evaluate import Evaluator, Limits
from gfplint.analysis.flow import calls_before, surely_followed
from gfplint.analysis.regions import Held
from gfplint.analysis.summary import SCOPES, Effect, Facts
from gfplint.frontend.source import ItemKind
from gfplint.kernel.trace import Memo
from gfplint.kernel.words import any_of, either
from gfplint.models import Allocate, EnterScope, Model
from gfplint.program.program import FunctionRef

_LEVELS = 3
"""Functions between the one that keeps the cookie and the one that makes the object; between that and the
allocator; and between the one that restores it and the one that ends the object.
"""
_DEPTH = 4
"""How deep a maker is looked into, to see that it returns inside the scope."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """``struct tag``, whose objects ``maker`` allocates and returns inside the scopes ``scopes`` (as bits),
    which it entered with ``save``.
    """

    tag: str
    scopes: int
    maker: str
    save: str


@dataclass(frozen=True, slots=True)
class _Keeper:
    """A function that stores a cookie in ``field`` of what ``pointer`` points to."""

    ref: FunctionRef
    pointer: ir.Local
    field: str
    scopes: int
    save: str


class Carriers:
    """Answers for one program."""

    def __init__(self, evaluator: Evaluator, callers: Callers) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._callers = callers
        trace = evaluator.program.tree.trace
        self._keepers: Memo[None, dict[str, list[_Keeper]]] = Memo(trace, self._find_keepers)
        self._carrier: Memo[str, Carrier | None] = Memo(trace, self._find)
        self._enders: Memo[str, frozenset[FunctionRef]] = Memo(trace, self._find_enders)

    def of(self, held: Held) -> list[tuple[FunctionRef, Carrier]]:
        """The functions on the way from the lock to the allocation that surely have an object with a scope
        from their caller, outermost first, each with what it has; not where that scope was left meanwhile.
        """
        way: list[tuple[ir.Function, ir.Call]] = []
        found: list[tuple[FunctionRef, Carrier]] = []
        ref = held.function
        each: Effect | None = held.region.effect
        while each is not None:
            fn = self._program.function(ref)
            if fn is not None:
                way.append((fn, each.call))
                found.extend((ref, carrier) for carrier in self._passed(fn, each.call))
            if each.callee is not None:
                ref = each.callee
            each = each.inner
        return [
            (ref, carrier)
            for ref, carrier in found
            if not held.region.effect.left & carrier.scopes
            and not any(self._is_ended(fn, carrier.tag, call) for fn, call in way)
        ]

    def _passed(self, fn: ir.Function, call: ir.Call) -> Iterator[Carrier]:
        """The carriers that a function has as arguments when it comes to a call."""
        for name in fn.params:
            tag = self._record_behind(ir.Local(name), fn)
            carrier = self._carrier(tag) if tag and tag in self._keepers(None) else None
            if carrier is not None and surely_followed(fn, ir.Local(name), call):
                yield carrier

    def _is_ended(self, fn: ir.Function, tag: str, call: ir.Call) -> bool:
        """Whether an object may have been passed, before a call, to what leaves its scope."""
        return any(
            self._passes(each, fn, tag)
            and isinstance(each.function, ir.Global)
            and self._program.resolve(each.function.name, fn.path) in self._enders(tag)
            for each in calls_before(fn, call)
        )

    def _passes(self, call: ir.Call, fn: ir.Function, tag: str) -> bool:
        """Whether a variable that points to such an object is an argument."""
        return any(isinstance(arg, ir.Local) and self._record_behind(arg, fn) == tag for arg in call.args)

    def _record_behind(self, pointer: ir.Local, fn: ir.Function) -> str:
        """The tag of the struct that a variable points to, "" where it is none."""
        types = self._evaluator.types
        kind = types.strip(types.type_of(pointer, fn), fn.path)
        record = types.strip(kind.to, fn.path) if isinstance(kind, ir.Pointer) else kind
        return record.tag if isinstance(record, ir.Record) and isinstance(kind, ir.Pointer) else ""

    # --------------------------------------------------------------------------- derivation

    def _find_keepers(self, _: None) -> dict[str, list[_Keeper]]:
        """Who stores what a scope's entry returns in a field, by the tag of the struct."""
        names = self._program.models.names_with("enters")
        files = self._program.tree.index.mentions(names)
        stored = re.compile(rb"(?:->|\.)\s*\w+\s*=\s*(?:" + either(names) + rb")\s*\(")
        found: dict[str, list[_Keeper]] = {}
        for path in sorted({path for name in names for path in files[name]}):
            if not self._program.searched(path, stored):
                continue
            for item, _matches in self._program.matching(path, stored, ItemKind.FUNCTION):
                ref = FunctionRef(path, item.start, item.name)
                fn = self._program.function(ref)
                for keeper in self._kept_in(ref, fn) if fn is not None else ():
                    tag = self._record_behind(keeper.pointer, fn) if fn is not None else ""
                    if tag:
                        found.setdefault(tag, []).append(keeper)
        keepers = [keeper for each in found.values() for keeper in each]
        self._callers.expect(keeper.ref for keeper in keepers)
        self._program.tree.index.expect(sorted({keeper.field for keeper in keepers}))
        return found

    def _kept_in(self, ref: FunctionRef, fn: ir.Function) -> Iterator[_Keeper]:
        cookies: dict[ir.Expr, tuple[int, str]] = {}
        for block in fn.blocks:
            for instruction in block.instructions:
                if isinstance(instruction, ir.Call):
                    model = self._evaluator.pointers.direct(instruction, fn)
                    for effect in model.effects if isinstance(model, Model) else ():
                        if isinstance(effect, EnterScope) and isinstance(model, Model):
                            flags = effect.scope == "flags"
                            bits = scopes.named_by(instruction.args) if flags else SCOPES[effect.scope]
                            if bits:
                                cookies[instruction.result] = bits, model.name
                elif instruction.value in cookies:
                    root, path = chain(instruction.target)
                    if isinstance(root, ir.Deref) and isinstance(root.pointer, ir.Local):
                        field = path.rpartition(".")[2]
                        yield _Keeper(ref, root.pointer, field, *cookies[instruction.value])

    def _find(self, tag: str) -> Carrier | None:
        """Whether objects of a struct are made inside a scope whose cookie they keep."""
        for keeper in self._keepers(None).get(tag, ()):
            for maker in self._makers(keeper.ref, keeper.pointer, _LEVELS):
                alone = Evaluator(self._program, Limits(depth=_DEPTH), self._evaluator)
                exits = alone.summary(maker, Facts()).exits
                if any(each.entered & keeper.scopes for each in exits):
                    return Carrier(tag, keeper.scopes, maker.name, keeper.save)
        return None

    def _find_enders(self, tag: str) -> frozenset[FunctionRef]:
        """The functions that give what such an object keeps to a restore, and those that pass it to them."""
        names = self._program.models.names_with("leaves")
        found: set[FunctionRef] = set()
        for keeper in self._keepers(None).get(tag, ()):
            files = self._program.tree.index.mentions([*names, keeper.field])
            field, restore = any_of([keeper.field]), any_of(names)
            for path in sorted({path for name in names for path in files[name]} & set(files[keeper.field])):
                restoring = {
                    item.start for item, _ in self._program.matching(path, restore, ItemKind.FUNCTION)
                }
                for item, _ in self._program.matching(path, field, ItemKind.FUNCTION):
                    if item.start in restoring:
                        found.add(FunctionRef(path, item.start, item.name))
        level = set(found)
        for _ in range(_LEVELS):
            self._callers.expect(level)
            callers = {caller for ref in sorted(level) for caller, _ in self._callers.of(ref) or ()} - found
            level = {caller for caller in callers if self._hands_on(caller, tag, level)}
            found |= level
        return frozenset(found)

    def _hands_on(self, ref: FunctionRef, tag: str, to: set[FunctionRef]) -> bool:
        """Whether a function passes such an object, which is one of its own arguments, to one of others."""
        fn = self._program.function(ref)
        names = {each.name for each in to}
        return fn is not None and any(
            isinstance(call, ir.Call)
            and isinstance(call.function, ir.Global)
            and call.function.name in names
            and any(
                isinstance(arg, ir.Local) and arg.name in fn.params and self._record_behind(arg, fn) == tag
                for arg in call.args
            )
            for block in fn.blocks
            for call in block.instructions
        )

    def _makers(self, ref: FunctionRef, pointer: ir.Local, levels: int) -> Iterator[FunctionRef]:
        """The functions that allocate what ``pointer`` points to: this one, or those that pass it."""
        fn = self._program.function(ref)
        if fn is None:
            return
        if self._allocated(pointer, fn, _LEVELS):
            yield ref
        elif pointer.name in fn.params and levels > 1:
            position = fn.params.index(pointer.name)
            callers = list(dict.fromkeys(caller for caller, _ in self._callers.of(ref) or ()))
            self._callers.expect(callers)
            for caller in callers:
                outer = self._program.function(caller)
                for passed in self._arguments(outer, ref, position) if outer is not None else ():
                    yield from self._makers(caller, passed, levels - 1)

    def _arguments(self, fn: ir.Function, ref: FunctionRef, position: int) -> list[ir.Local]:
        """The variables that a function passes to another at a position."""
        found: dict[ir.Local, None] = {}
        for block in fn.blocks:
            for instruction in block.instructions:
                if isinstance(instruction, ir.Call) and instruction.function == ir.Global(ref.name):
                    arg = instruction.args[position] if position < len(instruction.args) else None
                    if isinstance(arg, ir.Local):
                        found[arg] = None
        return list(found)

    def _allocated(self, pointer: ir.Local, fn: ir.Function, levels: int) -> bool:
        """Whether a variable is set to the result of an allocation, or of a function that returns one."""
        results: set[ir.Expr] = set()
        for block in fn.blocks:
            for instruction in block.instructions:
                if isinstance(instruction, ir.Assign) and instruction.target == pointer:
                    value = instruction.value
                    while isinstance(value, ir.Cast):
                        value = value.operand
                    results.add(value)
        return any(
            isinstance(instruction, ir.Call)
            and instruction.result in results
            and self._allocates(instruction, fn, levels)
            for block in fn.blocks
            for instruction in block.instructions
        )

    def _allocates(self, call: ir.Call, fn: ir.Function, levels: int) -> bool:
        """Whether the result of a call is new memory."""
        called = self._evaluator.pointers.direct(call, fn)
        if isinstance(called, Model):
            return any(isinstance(effect, Allocate) for effect in called.effects)
        inner = self._program.function(called[0]) if called and len(called) == 1 and levels > 1 else None
        if inner is None:
            return False
        for block in inner.blocks:
            value = block.end.value if isinstance(block.end, ir.Return) else None
            while isinstance(value, ir.Cast):
                value = value.operand
            if isinstance(value, ir.Local) and self._allocated(value, inner, levels - 1):
                return True
            for instruction in block.instructions:
                if (
                    isinstance(value, ir.Temp)
                    and isinstance(instruction, ir.Call)
                    and instruction.result == value
                    and self._allocates(instruction, inner, levels - 1)
                ):
                    return True
        return False
