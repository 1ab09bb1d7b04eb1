"""What type an expression has, and which lock class an lvalue is.

A *place* is an lvalue by type rather than by instance: ``vb->balloon_lock`` is the field
``balloon_lock`` of ``struct virtio_balloon`` whatever ``vb`` points to. That is what lockdep calls a
class when one ``mutex_init()`` line serves all instances, and it is how locks, ops tables and stored
callbacks are matched across functions here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.kernel.trace import Memo

if TYPE_CHECKING:
    from gfplint.program.program import Program

_MAX_TYPEDEFS = 12
UNKNOWN = ir.UnknownType()


@dataclass(frozen=True, slots=True)
class Place:
    """``root`` is ``struct tag`` for what a pointer of that type points to, ``global name`` (with
    ``@path`` behind it where the variable is static) or ``local function name``.

    ``steps`` go down from there: field names, ``[]`` for any element, ``*`` for what a pointer field
    points to. ``type`` is the type at the end.
    """

    root: str
    steps: tuple[str, ...]
    type: ir.Type
    owner: str = ""
    """The innermost named record on the way, as ``struct tag``, and the steps below it (``own_steps``)."""
    own_steps: tuple[str, ...] = ()
    file: str = ""
    """For a static global: the file that defines it."""

    @property
    def lock_class(self) -> str:
        """The class that a lock at this place belongs to: by innermost named record, or by variable."""
        if self.owner and self.own_steps:
            return _spell(self.owner, self.own_steps)
        if self.root.startswith("global "):
            name = _spell(self.root[len("global ") :], self.steps)
            return f"{name} ({self.file})" if self.file else name
        if self.root.startswith("local "):
            return _spell(self.root, self.steps)
        return _spell(self.root, self.steps) if self.steps else ""

    @property
    def word(self) -> str:
        """The identifier that a source text must mention to name this place."""
        for step in reversed(self.steps):
            if step not in ("*", "[]"):
                return step
        return self.root.rpartition(" ")[2]


def _spell(root: str, steps: tuple[str, ...]) -> str:
    text = root
    stars = ""
    for step in steps:
        if step == "*":
            stars += "*"
        elif step == "[]":
            text += "[]"
        else:
            text += "." + step
    return stars + text


class Types:
    """Questions about types, for expressions of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._fields: Memo[tuple[ir.Type, str, str], ir.Type] = Memo(
            program.tree.trace, lambda key: self._find_field(*key)
        )
        self._calls: dict[int, dict[int, ir.Call]] = {}
        self._keep: dict[int, ir.Function] = {}

    # ------------------------------------------------------------------------------- types

    def forget(self) -> None:
        """Let go of what is kept for single functions."""
        self._calls.clear()
        self._keep.clear()

    def strip(self, kind: ir.Type, path: str) -> ir.Type:
        """Typedefs looked through, until something structural stands there."""
        for _ in range(_MAX_TYPEDEFS):
            if not isinstance(kind, ir.Named):
                return kind
            meant = self._program.typedef(kind.name, path)
            if meant is None:
                return kind
            kind = meant
        return kind

    def field_type(self, base: ir.Type, name: str, path: str) -> ir.Type:
        """The type of ``base.name``; UnknownType where ``base`` is no record or has no such field."""
        return self._fields((base, name, path))

    def _find_field(self, base: ir.Type, name: str, path: str) -> ir.Type:
        base = self.strip(base, path)
        if isinstance(base, ir.Array):
            base = self.strip(base.of, path)
        if not isinstance(base, ir.Record):
            return UNKNOWN
        fields = base.fields
        if not fields and base.tag:
            located = self._program.record(base.tag, path)
            if located is None:
                return UNKNOWN
            fields = located[0].fields
        for field_name, field_type in fields:
            if field_name == name:
                return field_type
        for field_name, field_type in fields:
            if not field_name:
                inner = self._find_field(field_type, name, path)
                if not isinstance(inner, ir.UnknownType):
                    return inner
        return UNKNOWN

    def named_path(self, variable: ir.Variable, path: tuple[str, ...]) -> tuple[str, ...]:
        """The path of an initialiser with members given by position (``#N``) under their names."""
        if not any(step.startswith("#") for step in path):
            return path
        kind: ir.Type = variable.type
        result: list[str] = []
        for number, step in enumerate(path):
            inner = self.strip(kind, variable.path)
            if isinstance(inner, ir.Array) and step != "[]":
                element = self.strip(inner.of, variable.path)
                if step.startswith("#") and (number + 1 < len(path) or not isinstance(element, ir.Record)):
                    step = "[]"
                else:
                    inner = element
            if step.startswith("#") and step[1:].isdigit():
                step = self._member(inner, int(step[1:]), variable.path)
            result.append(step)
            if step == "[]":
                kind = inner.of if isinstance(inner, ir.Array) else inner
            else:
                kind = self.field_type(inner, step, variable.path)
        return tuple(result)

    def _member(self, kind: ir.Type, position: int, path: str) -> str:
        if not isinstance(kind, ir.Record):
            return "?"
        fields = kind.fields
        if not fields and kind.tag:
            located = self._program.record(kind.tag, path)
            fields = located[0].fields if located is not None else ()
        return fields[position][0] if position < len(fields) else "?"

    def calls(self, fn: ir.Function) -> dict[int, ir.Call]:
        """Result number → call, for one function."""
        key = id(fn)
        if key not in self._calls:
            self._keep[key] = fn
            self._calls[key] = {
                instruction.result.number: instruction
                for block in fn.blocks
                for instruction in block.instructions
                if isinstance(instruction, ir.Call)
            }
        return self._calls[key]

    def type_of(self, expr: ir.Expr, fn: ir.Function, depth: int = 0) -> ir.Type:
        """The static type of an expression in a function; UnknownType where it can't be told."""
        if depth > 24:
            return UNKNOWN
        path = fn.path
        match expr:
            case ir.Local(name):
                declared = fn.types.get(name, UNKNOWN)
                if isinstance(declared, ir.TypeOf):
                    return self.type_of(declared.operand, fn, depth + 1)
                return self._open(declared, fn, depth)
            case ir.Global(name):
                variable = self._program.variable(name, path)
                return variable.type if variable is not None else UNKNOWN
            case ir.Field(base, name):
                return self._open(self.field_type(self.type_of(base, fn, depth + 1), name, path), fn, depth)
            case ir.Deref(pointer):
                inner = self.strip(self.type_of(pointer, fn, depth + 1), path)
                if isinstance(inner, ir.Pointer):
                    return self._open(inner.to, fn, depth)
                return inner.of if isinstance(inner, ir.Array) else UNKNOWN
            case ir.Index(base, _):
                inner = self.strip(self.type_of(base, fn, depth + 1), path)
                if isinstance(inner, ir.Array):
                    return inner.of
                return inner.to if isinstance(inner, ir.Pointer) else UNKNOWN
            case ir.AddressOf(operand):
                return ir.Pointer(self.type_of(operand, fn, depth + 1))
            case ir.Cast(kind, _):
                return self._open(kind, fn, depth)
            case ir.Container(_, kind, _):
                return ir.Pointer(self._open(kind, fn, depth))
            case ir.Select(_, then, otherwise):
                found = self.type_of(then, fn, depth + 1)
                return found if _useful(found) else self.type_of(otherwise, fn, depth + 1)
            case ir.Binary(op, left, right) if op in ("+", "-"):
                found = self.strip(self.type_of(left, fn, depth + 1), path)
                if isinstance(found, ir.Array):
                    return ir.Pointer(found.of)
                if isinstance(found, ir.Pointer):
                    return found
                other = self.strip(self.type_of(right, fn, depth + 1), path)
                return other if isinstance(other, ir.Pointer) else found
            case ir.Temp(number):
                return self._result_type(number, fn, depth)
        return UNKNOWN

    def _open(self, kind: ir.Type, fn: ir.Function, depth: int) -> ir.Type:
        """``typeof`` inside a type made plain."""
        if isinstance(kind, ir.TypeOf):
            return self.type_of(kind.operand, fn, depth + 1)
        if isinstance(kind, ir.Pointer) and isinstance(kind.to, (ir.TypeOf, ir.Pointer)):
            return ir.Pointer(self._open(kind.to, fn, depth))
        return kind

    def _result_type(self, number: int, fn: ir.Function, depth: int) -> ir.Type:
        call = self.calls(fn).get(number)
        if call is None:
            return self._chosen_type(number, fn, depth)
        if isinstance(call.function, ir.Global):
            name = call.function.name
            model = self._program.models.get(name)
            if model is not None and not self._program.defined_here(name, fn.path):
                if model.returns is not None:
                    actual = dict(zip(model.params, call.args, strict=False))
                    returned = model.returns
                    if isinstance(returned, ir.Local) and returned.name in actual:
                        return self.type_of(actual[returned.name], fn, depth + 1)
                kind = model.result
                if _useful(self.strip(kind, fn.path)):
                    return kind
            prototype = self._program.prototype(name, fn.path)
            return prototype.returns if prototype is not None else UNKNOWN
        kind = self.strip(self.type_of(call.function, fn, depth + 1), fn.path)
        if isinstance(kind, ir.Pointer):
            kind = self.strip(kind.to, fn.path)
        return kind.returns if isinstance(kind, ir.FunctionType) else UNKNOWN

    def _chosen_type(self, number: int, fn: ir.Function, depth: int) -> ir.Type:
        """The type of a Temp that assignments fill (``a ? f() : b``, a statement expression)."""
        for block in fn.blocks:
            for instruction in block.instructions:
                if isinstance(instruction, ir.Assign) and instruction.target == ir.Temp(number):
                    found = self.type_of(instruction.value, fn, depth + 1)
                    if _useful(found):
                        return found
        return UNKNOWN

    # ------------------------------------------------------------------------------ places

    def place(self, expr: ir.Expr, fn: ir.Function) -> Place | None:
        """The place of an lvalue by the types of what it goes through; None where they are unknown."""
        match expr:
            case ir.Local(name):
                return self._rooted(f"local {fn.name}: {name}", self.type_of(expr, fn), fn.path)
            case ir.Global(name):
                return self.global_place(name, fn.path)
            case ir.Field(base, name):
                inner = self.place(base, fn)
                return self.step(inner, name, fn.path) if inner is not None else None
            case ir.Index(base, _):
                inner = self.place(base, fn)
                if inner is not None:
                    kind = self.strip(inner.type, fn.path)
                    if isinstance(kind, ir.Pointer):
                        return self.pointee(inner, kind.to)
                return self.step(inner, "[]", fn.path) if inner is not None else None
            case ir.Deref(pointer):
                return self.place_behind(pointer, fn)
        return None

    def place_behind(self, pointer: ir.Expr, fn: ir.Function) -> Place | None:
        """The place that a pointer expression points to, by its type alone."""
        match pointer:
            case ir.AddressOf(operand):
                return self.place(operand, fn)
            case ir.Cast(kind, operand):
                inner = self.strip(self._open(kind, fn, 0), fn.path)
                if isinstance(inner, ir.Pointer) and _useful(self.strip(inner.to, fn.path)):
                    return self._by_type(inner.to, fn.path)
                return self.place_behind(operand, fn)
            case ir.Binary("+" | "-", left, _):
                return self.place_behind(left, fn)
        kind = self.strip(self.type_of(pointer, fn), fn.path)
        if isinstance(kind, ir.Pointer):
            found = self._by_type(kind.to, fn.path)
            if found is not None and found.root in _LOCK_RECORDS:
                # A pointer to a lock: the class is what it points to, which only its holder can name.
                holder = (
                    self.place(pointer, fn) if isinstance(pointer, (ir.Field, ir.Global, ir.Index)) else None
                )
                return self.pointee(holder, kind.to) if holder is not None else None
            return found
        if isinstance(kind, ir.Array) and isinstance(pointer, (ir.Field, ir.Global, ir.Local, ir.Index)):
            inner_place = self.place(pointer, fn)
            return self.step(inner_place, "[]", fn.path) if inner_place is not None else None
        return None

    def global_place(self, name: str, path: str) -> Place | None:
        """The place of a file-scope variable."""
        variable = self._program.variable(name, path)
        if variable is None:
            return None
        place = self._rooted(f"global {name}", variable.type, path)
        if variable.static:
            file = self._program.tree.stable(variable.path)
            return Place(place.root, (), place.type, place.owner, (), file)
        return place

    def step(self, place: Place, name: str, path: str) -> Place | None:
        """One field (or ``[]``) further down."""
        kind = self.strip(place.type, path)
        if name == "[]":
            below = kind.of if isinstance(kind, ir.Array) else kind
        else:
            below = self.field_type(kind, name, path)
        below = below if not isinstance(below, ir.TypeOf) else UNKNOWN
        owner, own_steps = place.owner, (*place.own_steps, name)
        inner = self.strip(below, path)
        if isinstance(inner, ir.Record) and inner.tag:
            spelled = f"{inner.keyword} {inner.tag}"
            if spelled not in _LOCK_RECORDS:
                owner, own_steps = spelled, ()
        return Place(place.root, (*place.steps, name), below, owner, own_steps, place.file)

    def pointee(self, place: Place, kind: ir.Type) -> Place:
        """What the pointer at ``place`` points to, where its type has no name of its own."""
        return Place(place.root, (*place.steps, "*"), kind, place.owner, (*place.own_steps, "*"), place.file)

    def _by_type(self, kind: ir.Type, path: str) -> Place | None:
        inner = self.strip(kind, path)
        if isinstance(inner, ir.Record) and inner.tag:
            root = f"{inner.keyword} {inner.tag}"
            return Place(root, (), inner, root)
        return None

    def _rooted(self, root: str, kind: ir.Type, path: str) -> Place:
        inner = self.strip(kind, path)
        if isinstance(inner, ir.Record) and inner.tag:
            spelled = f"{inner.keyword} {inner.tag}"
            if spelled not in _LOCK_RECORDS:
                return Place(root, (), kind, spelled)
        return Place(root, (), kind)


# Records that are locks themselves: such a lock is named by where it is embedded, never by its own
# type. From include/linux/{mutex,rwsem,semaphore,spinlock_types,rwlock_types,ww_mutex,rtmutex,
# percpu-rwsem,seqlock,srcu}*.h; `struct rw_semaphore` etc. since 2.6.
_LOCK_RECORDS = frozenset(
    "struct " + tag
    for tag in (
        "mutex",
        "rw_semaphore",
        "semaphore",
        "spinlock",
        "raw_spinlock",
        "rwlock",
        "ww_mutex",
        "rt_mutex",
        "rt_mutex_base",
        "percpu_rw_semaphore",
        "srcu_struct",
        "seqlock",
        "completion",
    )
)


def lock_record(kind: ir.Type) -> str:
    """The tag of a struct that is a lock itself (``mutex``), "" for any other type. Typedefs of locks
    (``spinlock_t``) must have been looked through.
    """
    if isinstance(kind, ir.Record) and f"{kind.keyword} {kind.tag}" in _LOCK_RECORDS:
        return kind.tag
    return ""


def _useful(kind: ir.Type) -> bool:
    return not isinstance(kind, ir.UnknownType) and kind != ir.Basic("void")
