"""What one call does to a state: by an API model, by a summary, or by nothing that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.analysis import scopes, written
from gfplint.analysis.contents import chain
from gfplint.analysis.effects import Effects, Reached
from gfplint.analysis.expressions import Reader
from gfplint.analysis.locksets import forget_output, hold, release, release_named
from gfplint.analysis.state import State, fields_in, root
from gfplint.analysis.summary import (
    SCOPES,
    Exit,
    Facts,
    Held,
    LockClass,
    Summary,
    Wait,
)
from gfplint.analysis.values import (
    TOP,
    Address,
    Code,
    Pointee,
    Struct,
    Value,
    alternatives,
    as_bits,
    plain,
    truth,
    with_deps,
)
from gfplint.models import (
    Acquire,
    Allocate,
    AssertHeld,
    AssignTo,
    CallBack,
    EnterScope,
    LeaveScope,
    Model,
    Release,
    Warn,
)
from gfplint.program.program import FunctionRef
from gfplint.program.substitution import at_call

if TYPE_CHECKING:
    from gfplint.analysis.evaluate import Evaluator


class Calls:
    """Applies the calls of one function and collects their effects in its summary."""

    def __init__(self, evaluator: Evaluator, fn: ir.Function, reader: Reader, summary: Summary) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._models = evaluator.program.models
        self._fn = fn
        self._reader = reader
        self._summary = summary
        self._effects = Effects(summary, evaluator.program.models.kinds)
        self._merged: set[tuple[object, ...]] = set()

    def apply(self, call: ir.Call, state: State) -> list[State]:
        """The states after ``call``; none where it does not return."""
        targets = self._evaluator.pointers.direct(call, self._fn)
        if isinstance(targets, Model):
            return self._model(targets, call, state)
        if targets is not None and len(targets) == 1:
            predicate = self._evaluator.predicate(targets[0])
            if predicate is not None:
                return [self._expand(predicate, targets[0], call, state)]
        possible = 1
        if targets is None:
            targets, possible = self._indirect(call, state)
        if not targets:
            for arg in call.args:
                self._may_write(arg, self._reader.value(arg, state), written.NOBODY_KNOWS, state)
            state.assign(call.result, None)
            return [state]
        return self._called(targets, possible, call, call.args, call.result, state)

    def _expand(self, predicate: ir.Expr, ref: FunctionRef, call: ir.Call, state: State) -> State:
        """The state after a call that is no more than an expression: what is decided by it is decided of
        the expression, here and where it is asked again.
        """
        fn = self._evaluator.program.function(ref)
        assert fn is not None
        self._evaluator.program.enter("evaluated", ref)
        same = at_call(predicate, dict(zip(fn.params, call.args, strict=False)))
        self._reader.aliases[call.result] = same
        state.assign(call.result, self._reader.value(same, state))
        return state

    # ------------------------------------------------------------------------------ targets

    def _indirect(self, call: ir.Call, state: State) -> tuple[tuple[FunctionRef, ...], int]:
        """Functions that a call through a pointer is followed into, none where there are too many or unknown;
        and how many could be meant.
        """
        value = self._reader.value(call.function, state)
        if value.deps:
            self._reader.consult(value)
            self._reader.places |= value.deps
        known = tuple(each.ref for each in alternatives(value) if isinstance(each, Code))
        if known and len(known) == len(alternatives(value)):
            self._evaluator.pointers.count(self._fn, call, len(known))
            return known, len(known)
        if self._evaluator.limits.depth == 1:
            return (), 0
        found = self._evaluator.pointers.targets(call, self._fn, self._evaluator.home)
        self._summary.at_home |= found.by_home
        if len(found.refs) > 1:
            self._summary.at_doubt = True
            if self._evaluator.doubt:
                return (), 0
        most = self._evaluator.limits.targets
        if most is not None and found.possible > most:
            return (), 0
        return found.refs, found.possible

    def _called(
        self,
        targets: tuple[FunctionRef, ...],
        possible: int,
        call: ir.Call,
        args: tuple[ir.Expr, ...],
        result: ir.Temp,
        state: State,
    ) -> list[State]:
        values = [self._argument(arg, state) for arg in args]
        facts = Facts(tuple(plain(value) for value in values))
        self._evaluator.look(state.held)
        doubt = self._evaluator.doubt
        self._evaluator.doubt = doubt or len(targets) > 1
        summaries = [self._evaluator.summary(ref, facts) for ref in targets]
        self._evaluator.doubt = doubt
        for ref, summary in zip(targets, summaries, strict=True):
            self._consult(summary, values)
            self._summary.at_home |= summary.at_home
            self._summary.at_doubt |= summary.at_doubt and len(targets) == 1
            self._absorb(ref, summary, call, values, state, possible)
        for position, (arg, value) in enumerate(zip(args, values, strict=True)):
            names = written.NOTHING.union(*(summary.writes(position) for summary in summaries))
            self._may_write(arg, value, names, state)
        if len(targets) == 1:
            exits = summaries[0].exits
        else:
            exits = _agreed(summaries)
        return [self._return(each, call, targets[0], values, result, state) for each in exits]

    def _argument(self, arg: ir.Expr, state: State) -> Value:
        """An argument's value; of a local struct that is passed by address, with what is known of it."""
        return self._reader.pointee(arg, state) or self._reader.whole(arg, state)

    def _may_write(self, arg: ir.Expr, value: Value, names: frozenset[str], state: State) -> None:
        """A call may write fields of these names through an argument."""
        if names:
            self._write_behind(arg, value, names, state)
        self._forget(arg, names, state)

    def _write_behind(self, arg: ir.Expr, value: Value, names: frozenset[str], state: State) -> None:
        """Our caller needs to know of what is written if it was the caller's pointer, and so do we, if
        something was known of what is behind it.
        """
        pointer, part = written.behind(arg)
        if part != written.WHOLE and not written.NOBODY_KNOWS.isdisjoint(names):
            names = names - written.NOBODY_KNOWS | {part}
        if part != written.WHOLE and written.WHOLE in names:
            names = names - {written.WHOLE} | {part}
        if value.deps:
            written.note(self._summary.written, value.deps, names)
        if pointer is not None and isinstance(state.variables.get(pointer), Pointee):
            state.forget_fields(pointer, names)

    def _forget(self, arg: ir.Expr, names: frozenset[str], state: State) -> None:
        """Of a local struct whose address was passed, what may have been written is forgotten."""
        while isinstance(arg, ir.Cast):
            arg = arg.operand
        if not isinstance(arg, ir.AddressOf):
            return
        local = root(arg.operand)
        private = isinstance(local, ir.Local) and self._evaluator.is_private(local, self._fn)
        if not private or written.WHOLE in names:
            forget_output(arg.operand, state)
        elif written.UNKNOWN not in names:
            state.forget_fields(local, names)
        else:
            # A struct's functions are set where it is made, hardly ever by those that get it to use it.
            kept = {
                lvalue: value
                for lvalue, value in state.facts.items()
                if (isinstance(value, Code) or (isinstance(value, Address) and value.table is not None))
                and chain(lvalue)[0] == local
                and names.isdisjoint(fields_in(lvalue))
            }
            forget_output(arg.operand, state)
            state.facts.update(kept)

    def _consult(self, summary: Summary, values: list[Value]) -> None:
        """What the callee consulted about its parameters, we consulted about ours."""
        for position, value in enumerate(values):
            if value.deps and summary.consulted >> position & 1:
                self._reader.consulted |= value.deps
                if summary.places >> position & 1:
                    self._reader.places |= value.deps
            if value.deps and summary.loaded >> position & 1:
                self._reader.loaded |= value.deps
                if isinstance(value, (Pointee, Struct)):
                    self._reader.consulted |= value.deps

    def _return(
        self, each: Exit, call: ir.Call, ref: FunctionRef, values: list[Value], result: ir.Temp, state: State
    ) -> State:
        after = state.fork()
        for name in sorted(each.dropped):
            release_named(name, after)
        after.entered = (after.entered & ~each.left) | each.entered
        after.left |= each.left & ~state.entered
        for held in each.taken:
            hold(Held(held.lock, held.shared, call.at, call, held, ref), after)
        value = with_deps(plain(each.value), _map(each.value.deps, values)) if each.value.deps else each.value
        after.assign(result, value)
        return after

    # ------------------------------------------------------------------------------ effects

    def _absorb(
        self,
        ref: FunctionRef,
        summary: Summary,
        call: ir.Call,
        values: list[Value],
        state: State,
        targets: int,
    ) -> None:
        """Take over the effects of a callee."""
        here = tuple((held.lock.name, held.at) for held in state.held)
        once = (id(summary), call.at, here, state.dropped, state.entered, state.left)
        if once in self._merged:
            return
        self._merged.add(once)
        if summary.regions or summary.below:
            known = self._summary.below.setdefault(call.at, [])
            if all(other is not summary for _, other in known):
                known.append((ref, summary))
        longest = self._evaluator.limits.depth - 1
        for effect in list(summary.effects.values()):
            if effect.depth >= longest:
                continue  # whether it was seen depends on where the walk began
            self._effects.record(
                Reached(
                    effect.event,
                    effect.dropped,
                    effect.entered,
                    effect.left,
                    _map(effect.deps, values) if effect.deps else 0,
                    ref,
                    effect,
                    effect.depth + 1,
                    effect.targets * targets,
                    effect.under,
                    effect.warned,
                    effect.tried,
                ),
                call,
                state,
            )

    # ------------------------------------------------------------------------------- models

    def _model(self, model: Model, call: ir.Call, state: State) -> list[State]:
        actual: dict[str, ir.Expr] = dict(zip(model.params, call.args, strict=False))
        if model.returns is None:
            for arg in call.args:
                if model.leaf and isinstance(arg, ir.AddressOf) and not isinstance(arg.operand, ir.Local):
                    continue  # it does with the field what its model says
                self._may_write(arg, self._reader.value(arg, state), written.NOBODY_KNOWS, state)
        value: Value | None = None
        if model.returns is not None:
            value = self._reader.value(at_call(model.returns, actual), state)
        state.assign(call.result, value)
        states = [state]
        for effect in model.effects:
            after: list[State] = []
            for each in states:
                after.extend(self._model_effect(effect, model, actual, call, each))
            states = after
        if model.stops is not None:
            stops = at_call(model.stops, actual)
            return [each for each in states if self._reader.assume(stops, False, each)]
        return [] if model.noreturn else states

    def _model_effect(
        self, effect: object, model: Model, actual: dict[str, ir.Expr], call: ir.Call, state: State
    ) -> list[State]:
        match effect:
            case Acquire():
                return self._acquire(effect, actual, call, state)
            case Release():
                return self._release(effect, actual, call, state)
            case Allocate():
                self._allocate(effect, model, actual, call, state)
            case EnterScope(scope):
                flags = scopes.named_by(call.args) if scope == "flags" else SCOPES[scope]
                state.assign(call.result, scopes.enter(flags, state))
            case LeaveScope(scope, cookie):
                scopes.leave(SCOPES[scope], self._reader.value(at_call(cookie, actual), state), state)
            case AssignTo(target, value):
                lvalue = at_call(target, actual)
                state.assign(lvalue, self._reader.value(at_call(value, actual), state))
            case AssertHeld(pointer, shared):
                lock = self._reader.lock(at_call(pointer, actual), "mutex", state)
                state.asserted |= {(lock.name, shared)}
            case Warn(when):
                # What may be wrong or not says nothing of what comes.
                state.warned |= truth(self._reader.value(at_call(when, actual), state)) is True
            case CallBack(function, args):
                return self._callback(function, args, actual, call, state)
        return [state]

    def _acquire(
        self, effect: Acquire, actual: dict[str, ir.Expr], call: ir.Call, state: State
    ) -> list[State]:
        lock = self._lock(effect.lock, effect.lock_class, effect.kind, actual, state)
        kind = self._models.kinds[effect.kind]
        pointer = at_call(effect.lock, actual) if effect.lock is not None else None
        if effect.blocking and kind.sleeps:
            self._effects.record(Reached(Wait(lock, effect.shared)), call, state)
        held = Held(lock, effect.shared, call.at, call, pointer=pointer)
        if effect.when is None:
            hold(held, state)
            return [state]

        def take(taken: State) -> None:
            hold(held, taken)
            if pointer is not None and not effect.blocking:
                taken.tried |= {(pointer, lock.name, effect.shared)}

        return self._conditional(effect.when, actual, call, state, take)

    def _release(
        self, effect: Release, actual: dict[str, ir.Expr], call: ir.Call, state: State
    ) -> list[State]:
        lock = self._lock(effect.lock, effect.lock_class, effect.kind, actual, state)
        pointer = at_call(effect.lock, actual) if effect.lock is not None else None
        if effect.when is None:
            release(lock, pointer, state)
            return [state]
        return self._conditional(
            effect.when, actual, call, state, lambda taken: release(lock, pointer, taken)
        )

    def _conditional(
        self, when: ir.Expr, actual: dict[str, ir.Expr], call: ir.Call, state: State, change: object
    ) -> list[State]:
        """Fork on ``when`` (which may speak of ``result``): ``change`` happens where it holds."""
        condition = at_call(when, {**actual, "result": call.result})
        assert callable(change)
        other = state.fork()
        states = []
        if self._reader.assume(condition, True, state):
            change(state)
            states.append(state)
        if self._reader.assume(condition, False, other):
            states.append(other)
        return states

    def _allocate(
        self, effect: Allocate, model: Model, actual: dict[str, ir.Expr], call: ir.Call, state: State
    ) -> None:
        if effect.when is not None:
            condition = self._reader.consult(self._reader.value(at_call(effect.when, actual), state))
            if truth(condition) is False:
                return
        mask = self._reader.consult(self._reader.value(at_call(effect.mask, actual), state))
        order: Value = TOP
        if effect.order is not None:
            order = self._reader.consult(self._reader.value(at_call(effect.order, actual), state))
        argument = -1
        if isinstance(effect.mask, ir.Local) and effect.mask.name in model.params:
            argument = model.params.index(effect.mask.name)
        reclaim = self._evaluator.direct_reclaim_bit
        for each in alternatives(mask):
            bits = as_bits(each)
            if bits.zeros & reclaim:
                continue
            deps = order.deps | (mask.deps if not bits.ones & reclaim else 0)
            event = self._evaluator.allocation(model.name, plain(bits), plain(as_bits(order)), argument)
            self._effects.record(Reached(event, deps=deps), call, state)

    def _callback(
        self,
        function: ir.Expr,
        args: tuple[ir.Expr | None, ...],
        actual: dict[str, ir.Expr],
        call: ir.Call,
        state: State,
    ) -> list[State]:
        target = at_call(function, actual)
        passed = tuple(at_call(arg, actual) if arg is not None else ir.Opaque() for arg in args)
        inner = ir.Call(target, passed, call.result, call.at, call.via)
        saved = state.variables.get(call.result)
        states = []
        targets, possible = self._indirect(inner, state)
        after = self._called(targets, possible, inner, passed, call.result, state) if targets else [state]
        for each in after:
            each.assign(call.result, saved)
            states.append(each)
        return states

    # -------------------------------------------------------------------------------- locks

    def _lock(
        self, pointer: ir.Expr | None, name: str | None, kind: str, actual: dict[str, ir.Expr], state: State
    ) -> LockClass:
        if name is not None:
            return LockClass(name, kind, "")
        assert pointer is not None
        return self._reader.lock(at_call(pointer, actual), kind, state)


def _map(deps: int, values: list[Value]) -> int:
    """A callee's parameters → those of ours that its arguments depend on."""
    result = 0
    for position, value in enumerate(values):
        if deps >> position & 1:
            result |= value.deps
    return result


def _agreed(summaries: list[Summary]) -> list[Exit]:
    """The exits of a call that may reach several functions: what all agree on, else nothing but a value."""
    first = summaries[0].exits
    shapes = [sorted(each.change for each in summary.exits) for summary in summaries]
    if all(shape == shapes[0] for shape in shapes) and len(first) == 1:
        exit_ = first[0]
        return [Exit(TOP, exit_.taken, exit_.dropped, exit_.entered, exit_.left)]
    return [Exit(TOP)]
