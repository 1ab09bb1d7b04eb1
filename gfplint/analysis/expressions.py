"""Values and places of expressions in one state, and what a decided condition teaches.

:class:`Reader` belongs to one evaluation of one function; it also keeps the account of which
parameters were consulted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.analysis.contents import Contents, chain, made
from gfplint.analysis.state import State, locals_in, root
from gfplint.analysis.summary import LockClass
from gfplint.analysis.values import (
    ALL,
    NONZERO,
    ONE,
    TOP,
    VALID,
    ZERO,
    Address,
    Bits,
    Code,
    OneOf,
    Pointee,
    Struct,
    Value,
    alternatives,
    as_bits,
    binary,
    boolean,
    const,
    join,
    plain,
    struct_contents,
    truth,
    unary,
    with_deps,
)
from gfplint.program.substitution import at_call
from gfplint.program.types import Place, lock_record

if TYPE_CHECKING:
    from gfplint.analysis.evaluate import Evaluator

_NEGATED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TABLES = (ir.Record, ir.Named, ir.Array)
_LINKS = ("next", "prev")
_ORDERED = ("<", ">", "<=", ">=")
# include/linux/types.h, in case the tree has no definition of them.
_UNSIGNED = tuple(ir.Named(name) for name in ("size_t", "u8", "u16", "u32", "u64", "gfp_t"))


def _negative(value: Value) -> bool:
    return any((number := as_bits(each).signed) is not None and number < 0 for each in alternatives(value))


def _started(condition: ir.Expr, state: State) -> ir.Expr | None:
    """``i < n`` with the constant that ``i`` is now in its place. It is the same at the head of every loop
    over ``n``, so that a second one runs if the first did.
    """
    if isinstance(condition, ir.Binary) and condition.op in _ORDERED:
        left = state.variables.get(condition.left) if isinstance(condition.left, ir.Local) else None
        if isinstance(left, Bits) and not left.deps and not isinstance(condition.right, ir.Const):
            start = left.constant
            if start is not None:
                return ir.Binary(condition.op, ir.Const(start), condition.right)
    return None


def _carried(value: Value, lasting: frozenset[str]) -> Value | None:
    """A field's value as it is passed on with the struct: functions, tables and numbers, and of a pointer to
    another struct what is known of its ``lasting`` fields; None for nothing.
    """
    if isinstance(value, Pointee):
        kept = tuple(pair for pair in value.contents.fields if pair[0] in lasting)
        return Pointee(Contents(kept)) if kept else NONZERO
    if isinstance(value, Code):
        return plain(value)
    if isinstance(value, Address):
        table = value.table
        return Address(None, table) if table is not None and isinstance(table.type, _TABLES) else NONZERO
    if isinstance(value, OneOf) and any(isinstance(each, Code) for each in value.values):
        return plain(value)
    bits = as_bits(value)
    known = bits.ones or bits.zeros or bits.nonzero
    return Bits(bits.ones, bits.zeros, bits.nonzero) if known else None


class Reader:
    """Evaluates expressions of ``fn``. ``aliases`` maps a temporary to the expression that a model says
    it equals (``WARN_ON(x)`` is ``x``), so that testing one teaches about the other.
    """

    def __init__(self, evaluator: Evaluator, fn: ir.Function, aliases: dict[ir.Expr, ir.Expr]) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._types = evaluator.types
        self.fn = fn
        self.aliases = aliases
        self.consulted = 0
        self.places = 0
        self.loaded = 0
        self._invariants = evaluator.program.models.invariants

    # ------------------------------------------------------------------------------ values

    def consult(self, value: Value) -> Value:
        """Note that a decision depends on this value."""
        self.consulted |= value.deps
        return value

    def value(self, expr: ir.Expr, state: State) -> Value:
        """The value of an expression."""
        match expr:
            case ir.Local() | ir.Temp():
                return state.variables.get(expr, TOP)
            case ir.Field() | ir.Deref() | ir.Index():
                return self._load(expr, state)
            case ir.Const(number):
                return const(number)
            case ir.Global(name):
                return self._global(name, state)
            case ir.Binary(op, left, right):
                known = state.facts.get(expr)
                if known is not None:
                    return known
                if state.facts and op in _ORDERED:
                    started = _started(expr, state)
                    known = state.facts.get(started) if started is not None else None
                    if known is not None:
                        return known
                return self._operate(op, left, right, state)
            case ir.Unary(op, operand):
                return unary(op, self.value(operand, state))
            case ir.AddressOf(operand):
                return self._address(operand, state)
            case ir.Cast(kind, operand):
                inner = self.value(operand, state)
                if kind in ir.BOOLEAN:
                    return boolean(truth(inner), inner.deps)
                return inner
            case ir.Select(condition, then, otherwise):
                chosen = self.value(condition, state)
                answer = truth(chosen)
                if answer is None:
                    both = join(self.value(then, state), self.value(otherwise, state))
                    return with_deps(both, chosen.deps)
                return with_deps(self.value(then if answer else otherwise, state), chosen.deps)
            case ir.String() | ir.Sizeof():
                return NONZERO
            case ir.Container(pointer):
                inner = self.value(pointer, state)
                valid = isinstance(inner, (Address, Pointee)) or self._linked(pointer)
                return with_deps(VALID, inner.deps) if valid else Bits(deps=inner.deps)
        return TOP

    def _linked(self, pointer: ir.Expr) -> bool:
        """Whether a pointer is a link of a list (include/linux/list.h), which is never NULL."""
        if not isinstance(pointer, ir.Field) or pointer.name not in _LINKS:
            return False
        kind = self._types.strip(self._types.type_of(pointer.base, self.fn), self.fn.path)
        return isinstance(kind, ir.Record) and kind.tag == "list_head"

    def _operate(self, op: str, left: ir.Expr, right: ir.Expr, state: State) -> Value:
        a, b = self.value(left, state), self.value(right, state)
        unsigned = False
        if op in _ORDERED and (_negative(a) or _negative(b)):
            # Only here does C's rule matter: one unsigned operand makes the comparison unsigned.
            unsigned = self._unsigned(left) or self._unsigned(right)
        return binary(op, a, b, unsigned=unsigned)

    def _unsigned(self, expr: ir.Expr) -> bool:
        kind = self._types.strip(self._types.type_of(expr, self.fn), self.fn.path)
        if isinstance(kind, ir.Basic):
            return "unsigned" in kind.name
        return isinstance(kind, ir.Pointer) or kind in _UNSIGNED

    def _global(self, name: str, state: State) -> Value:
        known = state.facts.get(ir.Global(name))
        if known is not None:
            return known
        found = self._evaluator.constants.value(name, self.fn.path)
        if found is not None:
            return const(found)
        if name.isupper():
            return TOP
        ref = self._program.resolve(name, self.fn.path)
        if ref is not None:
            return Code(ref)
        if self._program.variable(name, self.fn.path) is not None:
            place = self._types.global_place(name, self.fn.path)
            if place is not None and isinstance(place.type, ir.Array):
                return Address(None, place)
        return TOP

    def _address(self, operand: ir.Expr, state: State) -> Value:
        if isinstance(operand, ir.Global):
            ref = self._program.resolve(operand.name, self.fn.path)
            if ref is not None:
                return Code(ref)
        if isinstance(operand, ir.Deref):
            return self.value(operand.pointer, state)
        start = root(operand)
        if isinstance(start, ir.Global):
            return Address(None, self.place(operand, state), 0, (self.fn.path, self.fn.start, operand))
        roots = {local: state.variables[local] for local in locals_in(operand) if local in state.variables}
        deps = 0
        for value in roots.values():
            deps |= value.deps
        snapshot = State()
        snapshot.variables = roots
        key = None if roots else (self.fn.path, self.fn.start, operand)
        return Address(lambda: self.place(operand, snapshot), None, deps, key)

    def _load(self, expr: ir.Expr, state: State) -> Value:
        known = state.facts.get(expr)
        if known is not None:
            return known
        if isinstance(expr, ir.Field):
            root, path = chain(expr)
            if isinstance(root, ir.Deref):
                pointer = self.value(root.pointer, state)
                self.loaded |= pointer.deps
                if isinstance(pointer, Pointee):
                    field = pointer.contents.field(path)
                    if field is not None:
                        return field
            elif isinstance(root, ir.Local):
                whole = state.variables.get(root)
                contents = struct_contents(whole)
                if contents is not None and self._evaluator.is_private(root, self.fn):
                    field = contents.field(path)
                    if field is not None and whole is not None:
                        return with_deps(field, whole.deps)
        stored = self.initial(expr, state)
        if stored is None and isinstance(expr, ir.Field):
            stored = self._evaluator.field_mask(expr, self.fn)
        return stored if stored is not None else TOP

    def whole(self, expr: ir.Expr, state: State) -> Value:
        """The value of an expression that may be a struct: of a local one with its fields."""
        if isinstance(expr, ir.Local):
            known = state.variables.get(expr)
            if isinstance(known, Struct) or (
                state.facts and isinstance(self.fn.types.get(expr.name), ir.Record)
            ):
                found = self.contents(expr, state)
                return found if found is not None else TOP
        return self.value(expr, state)

    def contents(self, local: ir.Local, state: State) -> Struct | None:
        """What is known of the fields of a local struct; None where that is nothing."""
        fields: list[tuple[str, Value]] = []
        deps = 0
        for lvalue, value in state.facts.items():
            if isinstance(lvalue, ir.Field) and local in locals_in(lvalue):
                root, path = chain(lvalue)
                if root == local:
                    deps |= value.deps
                    kept = _carried(value, self._program.models.told)
                    if kept is not None:
                        fields.append((path, kept))
        whole = state.variables.get(local)
        known = struct_contents(whole)
        if known is not None and whole is not None and self._evaluator.is_private(local, self.fn):
            found = made(fields, known.rest, known.changed)
            deps |= whole.deps
        else:
            found = made(fields, None, ())
        return Struct(found, deps) if found else None

    def pointee(self, arg: ir.Expr, state: State) -> Pointee | None:
        """What is known of the struct whose address ``arg`` is: a local one or a caller's, or part of it."""
        while isinstance(arg, ir.Cast):
            arg = arg.operand
        if not isinstance(arg, ir.AddressOf):
            return None
        root, path = chain(arg.operand)
        if isinstance(root, ir.Local):
            if not self._evaluator.is_private(root, self.fn):
                return None
            struct = self.contents(root, state)
            if struct is None:
                return None
            contents, deps = struct.contents.part(path), struct.deps
        elif isinstance(root, ir.Deref) and path:
            value = self.value(root.pointer, state)
            if not isinstance(value, Pointee):
                return None
            self.loaded |= value.deps
            contents, deps = value.contents.part(path), value.deps
        else:
            return None
        if not contents:
            return None
        if path:
            kind = self._types.strip(self._types.type_of(arg.operand, self.fn), self.fn.path)
            if not isinstance(kind, ir.Record) or lock_record(kind):
                return None  # locks are told apart by where they are
        return Pointee(contents, deps)

    def initial(self, expr: ir.Expr, state: State) -> Value | None:
        """What a static initialiser stored at an lvalue of a constant table; None where there is none."""
        steps: list[str] = []
        node = expr
        while True:
            match node:
                case ir.Field(base, name):
                    steps.append(name)
                    node = base
                case ir.Index(base, _):
                    steps.append("[]")
                    node = base
                case ir.Global(name):
                    return self._evaluator.stored(name, self.fn.path, tuple(reversed(steps)))
                case ir.Deref(ir.AddressOf(operand)):
                    node = operand
                case ir.Deref(pointer):
                    value = (
                        self.value(pointer, state)
                        if isinstance(pointer, (ir.Local, ir.Temp, ir.Field))
                        else TOP
                    )
                    self.loaded |= value.deps
                    place = value.table if isinstance(value, Address) else None
                    if place is None:
                        return None
                    name = place.root.removeprefix("global ")
                    return self._evaluator.stored(
                        name, place.file or self.fn.path, (*place.steps, *reversed(steps))
                    )
                case _:
                    return None

    # ------------------------------------------------------------------------------ places

    def place(self, lvalue: ir.Expr, state: State) -> Place | None:
        """The place of an lvalue: by types, and where they end, by what pointers are known to point to."""
        found = self._evaluator.place(lvalue, self.fn)
        if found is not None:
            return found
        match lvalue:
            case ir.Field(base, name):
                inner = self.place(base, state)
                return self._types.step(inner, name, self.fn.path) if inner is not None else None
            case ir.Index(base, _):
                inner = self.place(base, state)
                return self._types.step(inner, "[]", self.fn.path) if inner is not None else None
            case ir.Deref(pointer):
                return self.target(pointer, state)
        return None

    def target(self, pointer: ir.Expr, state: State) -> Place | None:
        """The place that a pointer points to."""
        match pointer:
            case ir.AddressOf(operand):
                return self.place(operand, state)
            case ir.Cast(_, operand):
                return self.target(operand, state)
        value = self.value(pointer, state)
        if isinstance(value, Address):
            self.places |= value.deps
            self.consulted |= value.deps
            if value.place is not None:
                return value.place
        elif value.deps:
            self.places |= value.deps
            self.consulted |= value.deps
        return self._evaluator.place(ir.Deref(pointer), self.fn)

    def lock(self, pointer: ir.Expr, kind: str, state: State) -> LockClass:
        """The class of the lock that a pointer points to. An unknown one is named by the expression, with
        a ``?`` in front, so that its release can still be matched.
        """
        place = self.target(pointer, state)
        if place is not None and place.lock_class:
            return LockClass(place.lock_class, kind, place.word, exact="*" not in place.steps)
        if isinstance(pointer, ir.AddressOf) and isinstance(pointer.operand, ir.Global):
            return LockClass(pointer.operand.name, kind, pointer.operand.name)
        return LockClass(f"?{kind}: {pointer!r} in {self.fn.name}", kind, "", exact=False)

    # -------------------------------------------------------------------------- conditions

    def assume(self, condition: ir.Expr, outcome: bool, state: State) -> bool:
        """Change ``state`` to what holds where ``condition`` is ``outcome``; False where it can't be."""
        value = self.consult(self.value(condition, state))
        answer = truth(value)
        if answer is not None and not isinstance(value, OneOf):
            return answer == outcome and self._learn(condition, outcome, state)
        if answer is not None:
            return answer == outcome
        return self._learn(condition, outcome, state)

    def _learn(self, condition: ir.Expr, outcome: bool, state: State) -> bool:
        match condition:
            case ir.Unary("!", operand):
                return self._learn(operand, not outcome, state)
            case ir.Cast(_, operand):
                return self._learn(operand, outcome, state)
            case ir.Binary("&&", left, right):
                if outcome:
                    return self.assume(left, True, state) and self.assume(right, True, state)
                return self._decide(condition, outcome, state)
            case ir.Binary("||", left, right):
                if not outcome:
                    return self.assume(left, False, state) and self.assume(right, False, state)
                return self._decide(condition, outcome, state)
            case ir.Binary("==" | "!=" as op, left, right):
                same = (op == "==") == outcome
                if not self._compare(left, right, same, state):
                    return False
                return self._decide(condition, outcome, state)
            case ir.Binary("&", left, right):
                mask = as_bits(self.value(right, state)).constant
                if mask is not None and not self._mask(left, mask, outcome, state):
                    return False
                return self._decide(condition, outcome, state)
            case ir.Binary("<" | ">" | "<=" | ">=" as op, left, right):
                order: str = op if outcome else _NEGATED[op]
                against = self.value(right, state)
                unsigned = _negative(against) and (self._unsigned(left) or self._unsigned(right))
                if (unsigned or not _negative(against)) and not self._filter(
                    left, order, against, state, unsigned=unsigned
                ):
                    return False
                return self._decide(condition, outcome, state)
            case ir.Local() | ir.Temp() | ir.Field() | ir.Deref() | ir.Index() | ir.Global():
                return self._test(condition, outcome, state)
        return self._decide(condition, outcome, state)

    def _decide(self, condition: ir.Expr, outcome: bool, state: State) -> bool:
        """Remember a condition that nothing else could be learnt from (every local in it unchanged)."""
        if locals_in(condition) or isinstance(condition, ir.Binary):
            state.facts[condition] = ONE if outcome else ZERO
            started = _started(condition, state)
            if started is not None:
                state.facts[started] = state.facts[condition]
        return True

    def _set(self, lvalue: ir.Expr, value: Value, state: State) -> None:
        if isinstance(lvalue, (ir.Local, ir.Temp)):
            state.variables[lvalue] = value
        elif isinstance(lvalue, (ir.Field, ir.Deref, ir.Index, ir.Global)):
            state.facts[lvalue] = value
            if isinstance(lvalue, ir.Field) and lvalue.name in self._invariants:
                self._learn_invariants(lvalue, state)

    def _learn_invariants(self, field: ir.Field, state: State) -> None:
        """Something was learnt of a field that an invariant of its struct goes by. What follows is known of
        the object wherever a pointer to it is passed from here.
        """
        pointer = field.base.pointer if isinstance(field.base, ir.Deref) else None
        record = self._types.strip(self._types.type_of(field.base, self.fn), self.fn.path)
        if pointer is None or not isinstance(record, ir.Record):
            return
        for each in self._invariants[field.name]:
            if each.tag != record.tag:
                continue
            own: dict[str, ir.Expr] = {name: ir.Field(field.base, name) for name in each.fields | each.told}
            if truth(self.value(at_call(each.when, own), state)) is not True:
                continue
            if not self.assume(at_call(each.then, own), True, state):
                continue
            told = [
                (name, plain(state.facts[own[name]]))
                for name in sorted(each.told)
                if own[name] in state.facts
            ]
            behind = self.value(pointer, state)
            if isinstance(behind, Pointee):
                self._set(pointer, Pointee(behind.contents.with_fields(told), behind.deps), state)
            elif isinstance(behind, Bits) or (isinstance(behind, Address) and behind.key == VALID.key):
                self._set(pointer, Pointee(Contents(tuple(told)), behind.deps), state)

    def _test(self, lvalue: ir.Expr, outcome: bool, state: State) -> bool:
        old = self.value(lvalue, state)
        kept = [each for each in alternatives(old) if truth(each) in (None, outcome)]
        if not kept:
            return False
        new: Value | None = None
        for each in kept:
            if not outcome:
                each = ZERO
            elif isinstance(each, Bits) and not each.nonzero:
                each = Bits(each.ones, each.zeros, True) if each.ones | each.zeros != ALL else each
                if each.zeros == ALL ^ 1:
                    each = ONE
            new = each if new is None else join(new, each)
        assert new is not None
        self._set(lvalue, with_deps(new, old.deps), state)
        alias = self.aliases.get(lvalue)
        return alias is None or self._learn(alias, outcome, state)

    def _compare(self, left: ir.Expr, right: ir.Expr, same: bool, state: State) -> bool:
        for one, other in ((left, right), (right, left)):
            while isinstance(one, ir.Cast):
                one = one.operand
            if not isinstance(one, (ir.Local, ir.Temp, ir.Field, ir.Deref, ir.Index, ir.Global)):
                continue
            if isinstance(one, ir.Global) and truth(self._global(one.name, state)) is not None:
                continue
            against = self.value(other, state)
            if not self._filter(one, "==" if same else "!=", against, state):
                return False
            known = as_bits(against).constant
            if same and known is not None:
                self._set(one, with_deps(const(known), self.value(one, state).deps), state)
                if known == 0 and one in self.aliases and not self._learn(self.aliases[one], False, state):
                    return False
            elif not same and known == 0 and not self._test(one, True, state):
                return False
        return True

    def _filter(
        self, lvalue: ir.Expr, op: str, against: Value, state: State, *, unsigned: bool = False
    ) -> bool:
        """Keep those alternatives of ``lvalue`` for which ``lvalue op against`` can be true."""
        while isinstance(lvalue, ir.Cast):
            lvalue = lvalue.operand
        old = self.value(lvalue, state)
        if not isinstance(old, OneOf):
            return truth(binary(op, old, against, unsigned=unsigned)) is not False
        kept = [
            each for each in old.values if truth(binary(op, each, against, unsigned=unsigned)) is not False
        ]
        if not kept:
            return False
        if len(kept) < len(old.values):
            new = kept[0]
            for each in kept[1:]:
                new = join(new, each)
            self._set(lvalue, with_deps(new, old.deps), state)
        return True

    def _mask(self, lvalue: ir.Expr, mask: int, outcome: bool, state: State) -> bool:
        """``lvalue & mask`` is (not) zero."""
        while isinstance(lvalue, ir.Cast):
            lvalue = lvalue.operand
        if not isinstance(lvalue, (ir.Local, ir.Temp, ir.Field, ir.Deref, ir.Index)):
            return True
        old = self.value(lvalue, state)
        kept: list[Value] = []
        for each in alternatives(old):
            bits = as_bits(each)
            if outcome:
                if bits.zeros & mask == mask:
                    continue
                single = mask & (mask - 1) == 0
                kept.append(Bits(bits.ones | (mask if single else 0), bits.zeros, True))
            else:
                if bits.ones & mask:
                    continue
                kept.append(Bits(bits.ones, bits.zeros | mask, bits.nonzero))
        if not kept:
            return False
        new = kept[0]
        for each in kept[1:]:
            new = join(new, each)
        self._set(lvalue, with_deps(plain(new), old.deps), state)
        return True
