"""Summaries of functions, on demand.

:meth:`Evaluator.summary` answers «what may this function do, given these facts?». A function is walked
once per distinct set of facts that it consults; the answer is kept and serves every caller that agrees
on those facts. Recursion is solved as a fixed point: a call of a function that is being evaluated sees
its summary so far, and the head of the cycle is evaluated again until nothing changes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gfplint import ir
from gfplint.analysis import predicate, state
from gfplint.analysis.flow import dereferenced, escaped, leading_to, reverse_postorder
from gfplint.analysis.summary import Allocation, Exit, Facts, Held, Summary
from gfplint.analysis.values import (
    ALL,
    NONZERO,
    TOP,
    ZERO,
    Address,
    Code,
    Pointee,
    Struct,
    Value,
    as_bits,
    const,
    join,
)
from gfplint.analysis.walk import Walk
from gfplint.kernel.trace import Memo
from gfplint.models import Model
from gfplint.program.constants import Constants
from gfplint.program.pointers import Pointers
from gfplint.program.program import FunctionRef, Program
from gfplint.program.substitution import at_call
from gfplint.program.types import Place, Types


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the walk; each one that is hit leaves a note. docs/limits.md states them."""

    depth: int = 10
    """Functions on a way, the first one included; calls of further ones are not followed. 1 looks at a
    function by itself. Ways that are longer by a call would not be reported: see docs/confidence.md.
    """
    specialisations: int = 24
    """Different facts for which one function is evaluated; further callers share the general answer."""
    rounds: int = 3
    """Evaluations of the head of a recursion."""
    steps: int = 6000
    """Blocks walked in one evaluation of one function."""
    targets: int | None = None
    """Possible targets of one call through a pointer beyond which it is not followed; None: as many as
    :class:`~gfplint.program.pointers.Pointers` answers."""


@dataclass(slots=True)
class _Entry:
    consulted: int
    places: int
    loaded: int
    projection: tuple[Value, ...]
    summary: Summary
    low: int
    """Stack index of the outermost active evaluation that this answer still depends on."""
    home: str | None
    """The home that the answer was narrowed by, None where it holds for all."""
    doubt: bool | None
    """Whether it holds behind a call with several targets, or before one; None where it holds for both."""
    tainted: bool
    """Whether it depends on what was asked before: it is forgotten when the unit of work ends."""
    unit: int
    """The unit of work that used it last."""
    node: int
    """What it rests on (:mod:`gfplint.kernel.trace`)."""
    reach: int | None
    """Functions on a way below which :attr:`Limits.depth` cut it short; None where it was not cut."""
    height: int
    """Functions on the longest way from it that was followed, itself among them: asked with fewer left, it
    would be cut short."""


@dataclass(slots=True)
class _Active:
    ref: FunctionRef
    facts: Facts
    summary: Summary
    low: int
    used: bool = False
    cut: bool = False
    tainted: bool = False
    height: int = 1


class Evaluator:
    """All summaries of one program."""

    def __init__(
        self, program: Program, limits: Limits | None = None, parent: Evaluator | None = None
    ) -> None:
        """``parent``: another evaluator of the program, whose knowledge of names and types is shared."""
        self.program = program
        self._trace = program.tree.trace
        self.types: Types = parent.types if parent is not None else Types(program)
        self.constants: Constants = parent.constants if parent is not None else Constants(program)
        self.pointers: Pointers = parent.pointers if parent is not None else Pointers(program, self.types)
        self.limits = limits or Limits()
        self.telling: int = parent.telling if parent is not None else ALL
        """The bits of a mask that some rule speaks of."""
        self.focus: frozenset[str] | None = None
        """Lock classes without which the function that a walk starts from is of no interest; None: all is."""
        self._near = _DONE
        self._horizon = _DONE
        self.home = ""
        """Folder of the function that the current walk started from."""
        self.doubt = False
        """Whether the walk is behind a call with several possible targets. Another such call is not followed
        from there: what it led to would be a guess upon a guess, and there are very many of them."""
        self._followed: dict[int, tuple[object, tuple[ir.Expr, ...]]] = {}
        self._field_masks: Memo[tuple[str, str, str], Value] = Memo(
            self._trace,
            self._stored_masks,
            lambda: TOP,  # a mask stored from the field itself adds nothing
        )
        self._escaped: dict[int, tuple[ir.Function, frozenset[ir.Expr]]] = {}
        self._constant: Memo[tuple[str, str, tuple[str, ...]], Value | None] = Memo(
            self._trace, self._find_unset
        )
        self._dooms: dict[int, tuple[ir.Function, frozenset[int], int]] = {}
        self._orders: dict[int, tuple[ir.Function, list[int]]] = {}
        self._aliases: dict[int, tuple[ir.Function, dict[ir.Expr, ir.Expr], int]] = {}
        self._predicate: Memo[FunctionRef, ir.Expr | None] = Memo(self._trace, self._find_predicate)
        self._memo: dict[FunctionRef, list[_Entry]] = {}
        self._stack: list[_Active] = []
        self._provisional: list[tuple[FunctionRef, _Entry]] = []
        self._tainted: list[tuple[FunctionRef, _Entry]] = []
        self._unit = 0
        self._unit_of: object = None
        self._used: dict[FunctionRef, int] = {}
        self._places: dict[tuple[str, int, ir.Expr], tuple[Place | None, int]] = {}
        self._stored: Memo[tuple[str, str], dict[tuple[str, ...], Value]] = Memo(
            self._trace, self._initialiser
        )

    @cached_property
    def direct_reclaim_bit(self) -> int:
        """``__GFP_DIRECT_RECLAIM`` in this tree (``__GFP_WAIT`` before 4.4)."""
        return self.program.masks.direct_reclaim[1]

    def dereferenced(self, node: ir.Instruction | ir.Branch) -> tuple[ir.Expr, ...]:
        """The local pointers that an instruction or a condition follows, memoised."""
        known = self._followed.get(id(node))
        if known is None:
            known = self._followed[id(node)] = (node, dereferenced(node))
        return known[1]

    def is_private(self, local: ir.Local, fn: ir.Function) -> bool:
        """Whether a local is a struct whose address only calls get: nobody else writes to it."""
        known = self._escaped.get(id(fn))
        if known is None:
            known = self._escaped[id(fn)] = (fn, escaped(fn))
        if local in known[1]:
            return False
        return isinstance(self.types.strip(self.types.type_of(local, fn), fn.path), ir.Record)

    def allocation(self, function: str, mask: Value, order: Value, argument: int) -> Allocation:
        """An allocation event. Masks that differ only in flags that no rule speaks of count as one."""
        bits, size = as_bits(mask), as_bits(order).constant
        costly = size if size is not None and size > _COSTLY_ORDER else None
        key = (bits.ones & self.telling, bits.zeros & self.telling, costly)
        return Allocation(function, mask, order, argument, key)

    # --------------------------------------------------------------------- shared questions

    def order(self, fn: ir.Function) -> list[int]:
        """Block number → its position in reverse postorder, in which blocks are walked."""
        known = self._orders.get(id(fn))
        if known is None:
            known = self._orders[id(fn)] = (fn, reverse_postorder(fn))
        return known[1]

    def doomed(self, fn: ir.Function) -> frozenset[int]:
        """Blocks, but for the first, from which all ways lead to a call that never returns (``panic()``)."""
        known = self._dooms.get(id(fn))
        if known is None:
            outer = self._trace.enter()
            ends = {
                number
                for number, block in enumerate(fn.blocks)
                for instruction in block.instructions
                if isinstance(instruction, ir.Call)
                and isinstance(model := self.pointers.direct(instruction, fn), Model)
                and model.noreturn
            }
            doomed = leading_to(fn, ends) - {0} if ends else frozenset()
            known = self._dooms[id(fn)] = (fn, doomed, self._trace.leave(outer))
        self._trace.current.add(known[2])
        return known[1]

    def predicate(self, ref: FunctionRef) -> ir.Expr | None:
        """What a function returns in terms of its parameters, where it does nothing else than read memory
        (``return vm->flags & FLAG;``): its callers then know what the expression would have told them.
        """
        return self._predicate(ref)

    def _find_predicate(self, ref: FunctionRef) -> ir.Expr | None:
        fn = self.program.function(ref)
        if fn is None or len(fn.blocks) != 1 or fn.statics:
            return None
        block = fn.blocks[0]
        if not isinstance(block.end, ir.Return) or block.end.value is None:
            return None
        for instruction in block.instructions:
            called = self.pointers.direct(instruction, fn) if isinstance(instruction, ir.Call) else None
            if not isinstance(called, Model) or called.returns is None or called.effects:
                return None
        found = predicate.in_parameters(
            block.end.value, fn, self.aliases(fn), lambda expr: self.constants.evaluate(expr, fn.path)
        )
        return ir.Cast(fn.returns, found) if found is not None and fn.returns in ir.BOOLEAN else found

    def aliases(self, fn: ir.Function) -> dict[ir.Expr, ir.Expr]:
        """Temporaries that an API model says equal an expression of the caller's (``likely(x)`` is ``x``)."""
        known = self._aliases.get(id(fn))
        if known is None:
            outer = self._trace.enter()
            found: dict[ir.Expr, ir.Expr] = {}
            for block in fn.blocks:
                for instruction in block.instructions:
                    if isinstance(instruction, ir.Call):
                        model = self.pointers.direct(instruction, fn)
                        if isinstance(model, Model) and model.returns is not None:
                            actual = dict(zip(model.params, instruction.args, strict=False))
                            found[instruction.result] = at_call(model.returns, actual)
            known = self._aliases[id(fn)] = (fn, found, self._trace.leave(outer))
        self._trace.current.add(known[2])
        return known[1]

    def place(self, lvalue: ir.Expr, fn: ir.Function) -> Place | None:
        """The place of an lvalue by types alone, memoised."""
        key = (fn.path, fn.start, lvalue)
        known = self._places.get(key)
        if known is None:
            outer = self._trace.enter()
            place = self.types.place(lvalue, fn)
            known = self._places[key] = place, self._trace.leave(outer)
        self._trace.current.add(known[1])
        return known[0]

    def stored(self, name: str, path: str, steps: tuple[str, ...]) -> Value | None:
        """What the initialiser of a file-scope variable stores at ``steps``: functions, addresses, and
        nothing else, since only those are commonly constant for good.
        """
        found = self._stored((name, path)).get(steps)
        return found if found is not None else self._unset(name, path, steps)

    def _unset(self, name: str, path: str, steps: tuple[str, ...]) -> Value | None:
        """NULL for a pointer in a constant table that its initialiser leaves out, or sets to 0."""
        return self._constant((name, path, steps))

    def _find_unset(self, key: tuple[str, str, tuple[str, ...]]) -> Value | None:
        name, path, steps = key
        variable = self.program.initialised(name, path)
        null = variable is not None and "[]" not in steps and self._is_null(variable, steps)
        return ZERO if null else None

    def _is_null(self, variable: ir.Variable, steps: tuple[str, ...]) -> bool:
        kind = variable.type
        for step in steps:
            kind = self.types.field_type(kind, step, variable.path)
        kind = self.types.strip(kind, variable.path)
        if not isinstance(kind, ir.Pointer) or not variable.values or not self._is_const(variable):
            return False
        for value in variable.values:
            set_path = self.types.named_path(variable, value.path)
            if any(step == "?" or step.startswith("#") for step in set_path):
                return False
            common = min(len(set_path), len(steps))
            if set_path[:common] == steps[:common] and (
                set_path != steps or self.constants.evaluate(value.value, variable.path) != 0
            ):
                return False
        return True

    def _is_const(self, variable: ir.Variable) -> bool:
        item = self.program.enclosing(variable.path, variable.at)
        file = self.program.part(variable.path)
        return (
            item is not None and file is not None and b"const" in file.text[item.start : variable.at].split()
        )

    def field_mask(self, expr: ir.Field, fn: ir.Function) -> Value | None:
        """The masks that are ever stored in a field of type ``gfp_t``, None for any other field.

        Only stores in the folder of ``fn`` are looked at, and only those whose value is constant: a driver
        sets such a field where it makes the object.
        """
        if self.types.type_of(expr, fn) != _MASK_TYPE:
            return None
        owner = self.types.strip(self.types.type_of(expr.base, fn), fn.path)
        if not isinstance(owner, ir.Record) or not owner.tag:
            return None
        return self._field_masks((owner.tag, expr.name, fn.path.rpartition("/")[0]))

    def _stored_masks(self, key: tuple[str, str, str]) -> Value:
        result: Value | None = None
        for value, path in self.pointers.stores.values(*key):
            number = self.constants.evaluate(value, path)
            found = TOP if number is None else const(number)
            result = found if result is None else join(result, found)
        return result if result is not None else TOP

    def _initialiser(self, key: tuple[str, str]) -> dict[tuple[str, ...], Value]:
        name, path = key
        variable = self.program.initialised(name, path)
        table: dict[tuple[str, ...], Value] = {}
        for value in variable.values if variable is not None else ():
            if variable is None:
                break
            steps = self.types.named_path(variable, value.path)
            expr = value.value
            while isinstance(expr, ir.Cast):
                expr = expr.operand
            if isinstance(expr, ir.AddressOf):
                expr = expr.operand
            if isinstance(expr, ir.Global) and variable is not None:
                ref = self.program.resolve(expr.name, variable.path)
                if ref is not None:
                    _add(table, steps, Code(ref))
                elif self.program.variable(expr.name, variable.path) is not None:
                    place = self.types.global_place(expr.name, variable.path)
                    if place is not None:
                        _add(table, steps, Address(None, place))
        return table

    # ----------------------------------------------------------------------------- summaries

    def summary(self, ref: FunctionRef, facts: Facts) -> Summary:
        """What ``ref`` may do when called with ``facts``."""
        if not self._stack:
            self.home = ref.path.rpartition("/")[0]
            self._horizon = self._near
        entries = self._memo.setdefault(ref, [])
        left = min(self.limits.depth, self._horizon) - len(self._stack)
        found = self._known(entries, facts, left)
        if found is not None:
            self._trace.current.add(found.node)
            if self._stack:
                top = self._stack[-1]
                top.low = min(top.low, found.low)
                top.cut |= found.reach is not None
                top.tainted |= found.tainted
                top.height = max(top.height, found.height + 1)
            if found.unit != self._unit:
                found.unit = self._unit
                self._used[ref] = self._used.get(ref, 0) + 1
            return found.summary
        active = self._recursion(ref, facts)
        if active is not None:
            index, entry = active
            entry.used = True
            self._stack[-1].low = min(self._stack[-1].low, index)
            self._stack[-1].tainted = True
            return entry.summary
        if left <= 0:
            self._stack[-1].cut = True
            return Summary(ref, exits=[Exit(TOP)], complete=False)
        fn = self.program.function(ref)
        if fn is None:
            if self._stack:
                self._stack[-1].height = max(self._stack[-1].height, 2)
            return Summary(ref, exits=[Exit(TOP)], complete=False)
        if self._used.get(ref, 0) >= self.limits.specialisations and facts.values:
            if self._stack:
                self._stack[-1].tainted = True
            return self.summary(ref, Facts())
        return self._solve(ref, fn, facts, left)

    def _known(self, entries: list[_Entry], facts: Facts, left: int) -> _Entry | None:
        for entry in entries:
            if entry.height > left if entry.reach is None else entry.reach < left:
                continue
            here = entry.home in (None, self.home) and entry.doubt in (None, self.doubt)
            if here and _project(facts, entry.consulted, entry.places, entry.loaded) == entry.projection:
                return entry
        return None

    def _recursion(self, ref: FunctionRef, facts: Facts) -> tuple[int, _Active] | None:
        """The active evaluation that a call of ``ref`` must be answered from, if there is one: of the same
        facts, or, where facts keep changing from call to call, the innermost of two.
        """
        matches = [(index, each) for index, each in enumerate(self._stack) if each.ref == ref]
        for index, each in matches:
            if each.facts.values == facts.values:
                return index, each
        return matches[-1] if len(matches) >= 2 else None

    def _solve(self, ref: FunctionRef, fn: ir.Function, facts: Facts, left: int) -> Summary:
        index = len(self._stack)
        mark = len(self._provisional)
        active = _Active(ref, facts, Summary(ref, params=len(fn.params)), index)
        outer = self._trace.enter()
        self.program.enter("evaluated", ref)
        self._stack.append(active)
        try:
            for _ in range(self.limits.rounds):
                before = _shape(active.summary)
                active.used = False
                walk = Walk(self, fn, facts)
                result = walk.run(ref)
                stable = not active.used or _shape(result) == before
                active.summary = result
                if stable or active.low < index:
                    break
                self._forget(mark)
        finally:
            self._stack.pop()
            node = self._trace.leave(outer)
        self._trace.current.add(node)
        summary = active.summary
        entry = _Entry(
            summary.consulted,
            summary.places,
            summary.loaded,
            _project(facts, summary.consulted, summary.places, summary.loaded),
            summary,
            active.low if active.low < index else _DONE,
            self.home if summary.at_home else None,
            self.doubt if summary.at_doubt else None,
            active.tainted or active.cut,
            self._unit,
            node,
            left if active.cut else None,
            active.height,
        )
        if index:
            self._stack[-1].height = max(self._stack[-1].height, active.height + 1)
            self._stack[-1].cut |= active.cut
            self._stack[-1].tainted |= entry.tainted
        self._used[ref] = self._used.get(ref, 0) + 1
        if entry.tainted:
            self._tainted.append((ref, entry))
        self._replace(ref, entry)
        if active.low < index:
            self._provisional.append((ref, entry))
            if self._stack:
                self._stack[-1].low = min(self._stack[-1].low, active.low)
        else:
            for _, each in self._provisional[mark:]:
                each.low = _DONE
            del self._provisional[mark:]
        return summary

    def look(self, held: Iterable[Held]) -> None:
        """A call is about to be followed with these locks held. In the function that the walk started from,
        calls outside of :attr:`focus` are looked into only as deep as lock wrappers go.
        """
        if self.focus is not None and len(self._stack) == 1:
            inside = False
            for each in held:
                self._trace.leaf("fact", f"wanted {each.lock.name}")
                inside = inside or each.lock.name in self.focus
            self._horizon = self._near if inside else min(self._near, 1 + _GLANCE)

    def begin(self, unit: object, near: int | None = None) -> None:
        """Start a unit of work, unless it is the one that was started last: its answers must not depend on
        which units came before, in this process. ``near``: functions on a way that it is about, if fewer
        than :attr:`Limits.depth`.

        What is kept are answers that are the same whenever they are asked for. What came out of a recursion,
        was cut short by a bound, or stands for too many different facts, is not.
        """
        self._near = near if near is not None else _DONE
        if unit == self._unit_of:
            return
        if self.program.size > _MOST:
            self.forget()
        self._unit_of = unit
        self._unit += 1
        self._used.clear()
        for ref, entry in self._tainted:
            self._memo[ref] = [each for each in self._memo[ref] if each is not entry]
        self._tainted.clear()

    def forget(self) -> None:
        """Let go of all answers, and of the program's memory: what is asked again is read again."""
        for kept in (
            self._memo,
            self._followed,
            self._escaped,
            self._dooms,
            self._orders,
            self._aliases,
            self._predicate,
            self._places,
            self._stored,
            self._constant,
            self._used,
        ):
            kept.clear()
        self._tainted.clear()
        self._unit_of = None
        state.forget()
        self.types.forget()
        self.program.forget()
        gc.collect(0)  # what has outlived an earlier call isn't looked at again: it is here to stay

    def _replace(self, ref: FunctionRef, entry: _Entry) -> None:
        """Keep an answer, in the place of one for the same facts that was cut short sooner."""
        self._memo[ref] = [
            each
            for each in self._memo[ref]
            if each.reach is None
            or (each.projection, each.consulted, each.loaded, each.home, each.doubt)
            != (entry.projection, entry.consulted, entry.loaded, entry.home, entry.doubt)
        ]
        self._memo[ref].append(entry)

    def _forget(self, mark: int) -> None:
        """Throw away answers inside a recursion that were computed from an earlier round's summary."""
        for ref, entry in self._provisional[mark:]:
            self._memo[ref] = [each for each in self._memo[ref] if each is not entry]
        del self._provisional[mark:]


_GLANCE = 3
"""Functions on the way of a call that is only looked at for the locks that it returns with, or its value."""
_COSTLY_ORDER = 3
"""PAGE_ALLOC_COSTLY_ORDER, include/linux/mmzone.h: rules ask whether an order is above it."""
_MASK_TYPE = ir.Named("gfp_t")


class ChainEvaluator(Evaluator):
    """Evaluates callers of one function, to see with which facts they call it, and nothing else.

    ``main`` answers for the function itself; of the functions in ``chain`` (its callers, theirs, and so on)
    only the calls along the chain are followed. Everything else is a call of which nothing is known.
    """

    def __init__(self, main: Evaluator, target: FunctionRef, scoping: frozenset[str] = frozenset()) -> None:
        """``scoping``: names of functions that enter or leave a scope for their caller."""
        super().__init__(main.program, main.limits, main)
        self._scoping = scoping
        self._main = main
        self._target = target
        self.chain: set[FunctionRef] = set()

    def summary(self, ref: FunctionRef, facts: Facts) -> Summary:
        """As :meth:`Evaluator.summary`, for functions of the chain."""
        if ref == self._target or ref.name in self._scoping:
            return self._main.summary(ref, facts)
        if ref in self.chain:
            return super().summary(ref, facts)
        return Summary(ref, exits=[Exit(TOP)], complete=False)


_MOST = 80 << 20
"""Bytes of source files that are kept apart in memory, with all that was made of them, beyond which a process
lets go of everything before its next unit of work.
"""
_DONE = 1 << 30
"""``low`` of an answer that depends on nothing unfinished."""


def _add(table: dict[tuple[str, ...], Value], steps: tuple[str, ...], value: Value) -> None:
    """Elements of an array share their steps: any of them may be meant."""
    table[steps] = join(table[steps], value) if steps in table else value


def _project(facts: Facts, consulted: int, places: int, loaded: int) -> tuple[Value, ...]:
    """The facts about the consulted parameters, as far as they matter."""
    result: list[Value] = []
    position = 0
    while (consulted | loaded) >> position:
        value = facts.get(position)
        if loaded >> position & 1 and (
            isinstance(value, (Pointee, Struct)) or (isinstance(value, Address) and value.table is not None)
        ):
            result.append(value)
        elif consulted >> position & 1:
            if not places >> position & 1 and isinstance(value, (Address, Code, Pointee)):
                value = NONZERO
            result.append(value)
        else:
            result.append(TOP)
        position += 1
    return tuple(result)


def _shape(summary: Summary) -> tuple[object, ...]:
    """What must stay the same for a recursion to be solved."""
    return (
        frozenset(summary.effects),
        frozenset(summary.regions),
        tuple(each.change for each in summary.exits),
        frozenset(summary.written.items()),
    )
