"""Clean-up at the end of a scope: ``guard()``, ``scoped_guard()`` and relatives, ``CLASS()``, ``__free()``.

What comes in: the statement that opens one; what goes out: the locking in place and, on every way out of the
scope, the unlocking. What the macros of include/linux/cleanup.h would expand to relies on the compiler's
``cleanup`` attribute, so they are read here instead of being expanded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend.folding import OPAQUE, ZERO
from gfplint.frontend.initialisers import Initialisers
from gfplint.frontend.macros import MAX_DEPTH, arguments

if TYPE_CHECKING:
    from tree_sitter import Node

    from gfplint.frontend.guards import GuardDefinition
    from gfplint.frontend.lower_builder import Unit
    from gfplint.frontend.marks import Mark

_FREE_NAME = re.compile(r"__(?:free|cleanup)\s*\(\s*(\w+)\s*\)")
Spans = list[tuple[int, int]]


class Guards(Initialisers):
    """Builder that knows the kernel's scope-based clean-up."""

    # ------------------------------------------------------------------------- statements

    def guard_statement(self, node: Node, inner: Node) -> bool:
        """``guard(name)(args);`` or ``CLASS(name, var)(args);`` where ``inner`` is the first call."""
        unit = self.unit
        names, outer = inner.child_by_field_name("arguments"), node.child_by_field_name("arguments")
        if names is None or outer is None:
            return False
        first, second = arguments(unit.original, names.start_byte), arguments(unit.original, outer.start_byte)
        if first is None or second is None:
            return False
        words = [unit.original[start:end].decode("utf-8", "replace") for start, end in first[0]]
        spans = [] if second[0] == [(second[0][0][0], second[0][0][0])] else second[0]
        if len(words) == 1:
            self.enter_guard(words[0], "", spans, node.start_byte, "guard")
        elif len(words) == 2:
            self.enter_guard(words[0], words[1], spans, node.start_byte, "CLASS")
        else:
            return False
        return True

    def guard_loop(self, node: Node, mark: Mark) -> bool:
        """``scoped_guard(name, args) statement`` and its relatives; False for any other loop macro."""
        if mark.name not in ("scoped_guard", "scoped_cond_guard", "scoped_class"):
            return False
        unit = self.unit
        opening = unit.original.find(b"(", mark.start + len(mark.name))
        found = arguments(unit.original, opening) if opening >= 0 else None
        body = node.child_by_field_name("body") or node.child_by_field_name("consequence")
        if found is None or body is None or not found[0]:
            return False
        spans = found[0]
        name = unit.original[slice(*spans[0])].decode("utf-8", "replace")
        outside = self.cleanup
        undo = len(self.undo)
        done = self.fresh()
        if mark.name == "scoped_cond_guard" and len(spans) > 1:
            taken, failed = self.fresh(), self.fresh()
            self.enter_guard(name, "scope", spans[2:], node.start_byte, mark.name, (taken, failed))
            inside = self.cleanup
            self.cleanup = outside
            self.resume(failed)
            self.span_statements(spans[1][0], spans[1][1])
            self.jump(done)
            self.resume(taken)
            self.cleanup = inside
        elif mark.name == "scoped_class" and len(spans) > 1:
            variable = unit.original[slice(*spans[1])].decode("utf-8", "replace")
            self.enter_guard(name, variable, spans[2:], node.start_byte, mark.name)
        else:
            definition = self.symbols.guard(name, self.path)
            if definition is not None and definition.conditional:
                taken = self.fresh()
                self.enter_guard(name, "scope", spans[1:], node.start_byte, mark.name, (taken, done))
                self.resume(taken)
            else:
                self.enter_guard(name, "scope", spans[1:], node.start_byte, mark.name)
        self.scoped_body(body, done, outside)
        self.run_cleanups(outside)
        self.cleanup = outside
        self.unbind(undo)
        self.start(done)
        return True

    def scoped_body(self, body: Node, done: int, outside: object) -> None:
        """The governed statement; the macro is a ``for``, so ``break`` in it leads behind it."""
        raise NotImplementedError

    # -------------------------------------------------------------------------- one guard

    def enter_guard(
        self,
        name: str,
        variable: str,
        spans: Spans,
        use: int,
        macro: str,
        ways: tuple[int, int] | None = None,
    ) -> None:
        """Construct guard ``name`` as local ``variable`` with the arguments at ``spans`` and defer its end.

        ``ways``: go to the first block where a conditional guard took the lock, to the second where not;
        the clean-up is then in force for the first.
        """
        unit = self.unit
        values = [self.span_value(start, end) for start, end in spans]
        definition = self.symbols.guard(name, self.path)
        if definition is None:
            self._unknown_guard(name, variable, values, use, ways)
            return
        if definition.kind == "class":
            self._class_guard(definition, variable, values, use, macro)
            if ways is not None:
                self.jump(ways[0])
            return
        subject = values[0] if values else ir.Const(1)
        base = self.type_of_text(definition.type) if definition.type else ir.Basic("void")
        held = self._variable(variable, base if definition.kind == "guard" else ir.Record("struct", ""))
        pointer: ir.Expr = held
        if definition.kind == "guard":
            bound: ir.Expr = held
        else:
            self.scalars.setdefault(held.name, {})
            pointer = self.field(held, "lock")
            if isinstance(pointer, ir.Local):
                self.types[pointer.name] = ir.Pointer(base)
            bound = ir.AddressOf(held)
        self.assign(pointer, subject, use)
        if definition.conditional:
            taken = self._bound(lambda: self.text_expression(definition.lock, use, macro), bound, pointer)
            yes, no = ways or (self.fresh(), self.fresh())
            self.branch(taken, yes, no, unit.place(use)[0])
            if ways is None:
                after = self.fresh()
                self.resume(no)
                self.assign(pointer, ZERO, use)
                self.jump(after)
                self.resume(yes)
                self.start(after)
        else:
            self._bound(lambda: self.text_statements(definition.lock, use, macro), bound, pointer)
            if ways is not None:
                self.jump(ways[0])
        maybe = definition.conditional and ways is None
        self.defer(self._unlock(definition, unit, use, macro, bound, pointer, maybe))

    def _variable(self, name: str, type_: ir.Type) -> ir.Local:
        return self.declare(name, type_) if name else self.unnamed("guard", type_)

    def _bound(self, run: Callable[[], ir.Expr | None], bound: ir.Expr, pointer: ir.Expr) -> ir.Expr:
        """``run()`` with ``_T`` and ``l``, the names that guard definitions use, bound."""
        undo = len(self.undo)
        self.bind("_T", bound)
        self.bind("l", pointer)
        try:
            return run() or OPAQUE
        finally:
            self.unbind(undo)

    def _unlock(
        self,
        definition: GuardDefinition,
        unit: Unit,
        use: int,
        macro: str,
        bound: ir.Expr,
        pointer: ir.Expr,
        maybe: bool,
    ) -> Callable[[], None]:
        def emit() -> None:
            here = self.unit
            self.unit = unit
            done = -1
            if maybe:
                taken, done = self.fresh(), self.fresh()
                self.branch(pointer, taken, done, unit.place(use)[0])
                self.resume(taken)
            self._bound(lambda: self.text_statements(definition.unlock, use, macro), bound, pointer)
            if done >= 0:
                self.start(done)
            self.unit = here

        return emit

    def _class_guard(
        self, definition: GuardDefinition, variable: str, values: list[ir.Expr], use: int, macro: str
    ) -> None:
        unit = self.unit
        undo = len(self.undo)
        for parameter, value in zip(definition.params, values, strict=False):
            # Constructor parameters: bound to locals, so that each argument is evaluated once.
            local = self.declare(parameter, self.static_type(value))
            self.assign(local, value, use)
        made = self.text_expression(definition.lock, use, macro)
        self.unbind(undo)
        held = self._variable(variable, self.type_of_text(definition.type))
        self.assign(held, made, use)

        def emit() -> None:
            here = self.unit
            self.unit = unit
            self._bound(lambda: self.text_statements(definition.unlock, use, macro), held, held)
            self.unit = here

        self.defer(emit)

    def _unknown_guard(
        self, name: str, variable: str, values: list[ir.Expr], use: int, ways: tuple[int, int] | None
    ) -> None:
        """A class whose definition is not at hand: calls to what DEFINE_CLASS would have named."""
        unit = self.unit
        held = self._variable(variable, ir.Named(f"class_{name}_t"))
        made = self.emit_call(ir.Global(f"class_{name}_constructor"), tuple(values), use)
        self.assign(held, made, use)
        if ways is not None:
            self.branch(held, ways[0], ways[1], unit.place(use)[0])

        def emit() -> None:
            here = self.unit
            self.unit = unit
            self.emit_call(ir.Global(f"class_{name}_destructor"), (ir.AddressOf(held),), use)
            self.unit = here

        self.defer(emit)

    # ----------------------------------------------------------------------------- __free

    def free_at_end(self, mark: Mark, local: ir.Local) -> None:
        """``__free(name)`` on the declaration of ``local``."""
        match = _FREE_NAME.match(mark.text)
        if match is None:
            return
        unit, use, name = self.unit, mark.start, match.group(1)
        given = self.symbols.free(name, self.path) if mark.name == "__free" else None
        body = given.encode() if isinstance(given, str) else given

        def emit() -> None:
            here = self.unit
            self.unit = unit
            if body is None:
                function = name if mark.name == "__cleanup" else f"__free_{name}"
                self.emit_call(ir.Global(function), (ir.AddressOf(local),), use)
            else:
                self._bound(lambda: self.text_statements(body, use, mark.name), local, local)
            self.unit = here

        self.defer(emit)

    # ----------------------------------------------------------------------- text as code

    def text_statements(self, text: bytes, use: int, name: str) -> ir.Expr | None:
        """Lower ``text`` here, as if macro ``name`` used at ``use`` had expanded to it."""
        unit = self.unit
        if unit.depth >= MAX_DEPTH:
            return None
        parsed = self.parse_fragment(text + b";", "statements")
        self.unit = unit.nested(text, (), use, name).read(parsed, parsed.original.find(text))
        undo = len(self.undo)
        try:
            self.statements(parsed.root)
        finally:
            self.unbind(undo)
            self.unit = unit
        return None

    def span_statements(self, start: int, end: int) -> None:
        """Lower the statements at a span of this text; positions inside stay true."""
        unit = self.unit
        text = unit.original[start:end]
        if not text.strip() or unit.depth >= MAX_DEPTH:
            return
        parsed = self.parse_fragment(text + b";", "statements")
        self.unit = unit.quoted(start, end).read(parsed, parsed.original.find(text))
        try:
            self.statements(parsed.root)
        finally:
            self.unit = unit
