"""Initialisers and compound literals, flattened to one value for each scalar.

What comes in: an ``initializer_list``; what goes out: calls of ``store(path, value, offset)``, values
evaluated in order. A path's elements are field names, array positions (an ir expression) and, where a
value is given by position and the struct's fields are not known here, ``#N`` (the N-th member, from 0) or
``?``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from gfplint import ir
from gfplint.frontend.declarers import Declarer
from gfplint.frontend.expressions import bare
from gfplint.frontend.folding import OPAQUE, ZERO
from gfplint.frontend.intrinsics import INTRINSICS
from gfplint.frontend.lower_calls import Calls
from gfplint.frontend.macros import MAX_DEPTH, arguments, expand
from gfplint.frontend.types import children

if TYPE_CHECKING:
    from tree_sitter import Node

Path: TypeAlias = "tuple[str | ir.Expr, ...]"
Store: TypeAlias = Callable[[Path, ir.Expr, int], None]


class Initialisers(Calls):
    """Builder that reads initialisers."""

    def initialise(self, node: Node, path: Path, type_: ir.Type | None, store: Store) -> None:
        """Flatten the value ``node`` that is stored at ``path``, of type ``type_`` where that is known."""
        node = bare(node) if node.type == "parenthesized_expression" else node
        if node.type == "initializer_list":
            self._list(node, path, type_, store, 0)
        elif node.type == "compound_literal_expression":
            inner = node.child_by_field_name("value")
            if inner is not None and inner.type == "initializer_list":
                self._list(inner, path, type_, store, 0)
        elif node.type in ("call_expression", "identifier"):
            if not self._expanded_value(node, path, type_, store):
                store(path, self.value(node), node.start_byte)
        else:
            store(path, self.value(node), node.start_byte)

    def _list(self, node: Node, path: Path, type_: ir.Type | None, store: Store, position: int) -> int:
        """The elements of one list; returns the position behind the last (-1: not known)."""
        for child in children(node):
            if child.type == "initializer_pair":
                designators = child.children_by_field_name("designator")
                value = child.child_by_field_name("value")
                inner, inner_type = path, type_
                for designator in designators:
                    step, inner_type = self._designator(designator, inner_type)
                    inner = (*inner, step)
                if not designators:  # GNU's old "field: value"
                    name = next(iter(children(child)), None)
                    if name is not None and name.type == "field_identifier":
                        inner = (*inner, self.word(name))
                        inner_type = None
                if value is not None:
                    self.initialise(value, inner, inner_type, store)
                position = self._position_after(inner[len(path)] if len(inner) > len(path) else "?", type_)
            elif child.type in ("call_expression", "identifier") and self._element_macro(
                child, path, type_, store, position
            ):
                position = -1
            else:
                step, inner_type = self._step(position, type_)
                self.initialise(child, (*path, step), inner_type, store)
                if position >= 0:
                    position += 1
        return position

    def _designator(self, node: Node, type_: ir.Type | None) -> tuple[str | ir.Expr, ir.Type | None]:
        if node.type == "field_designator":
            name = next(iter(children(node)), None)
            word = self.word(name) if name is not None else "?"
            return word, self.field_type(type_, word)
        first = next(iter(children(node)), None)
        index = self.value(first) if first is not None and node.type == "subscript_designator" else OPAQUE
        return index, type_.of if isinstance(type_, ir.Array) else None

    def _step(self, position: int, type_: ir.Type | None) -> tuple[str | ir.Expr, ir.Type | None]:
        if isinstance(type_, ir.Array):
            return (ir.Const(position) if position >= 0 else OPAQUE), type_.of
        if position < 0:
            return "?", None
        if isinstance(type_, ir.Record) and position < len(type_.fields):
            name, inner = type_.fields[position]
            if name:
                return name, inner
        return f"#{position}", None

    @staticmethod
    def _position_after(step: str | ir.Expr, type_: ir.Type | None) -> int:
        if isinstance(step, ir.Const):
            return step.value + 1
        if isinstance(step, str) and isinstance(type_, ir.Record):
            for position, (name, _) in enumerate(type_.fields):
                if name == step:
                    return position + 1
        return -1

    @staticmethod
    def field_type(type_: ir.Type | None, name: str) -> ir.Type | None:
        """The type of a field where the record's fields are at hand."""
        if isinstance(type_, ir.Record):
            for field, inner in type_.fields:
                if field == name:
                    return inner
        return None

    # ------------------------------------------------------------- macros in initialisers

    def _expansion_list(self, node: Node, single: bool) -> tuple[Node, Callable[[], None]] | None:
        """What a macro's use inside an initialiser expands to, as the elements of a list (``single``: as
        one ``{ … }``); None where it is a value like any other. The text that is
        read is switched to the expansion until the function given with it is called.
        """
        function, args = node, None
        if node.type == "call_expression":
            callee = node.child_by_field_name("function")
            args = node.child_by_field_name("arguments")
            if callee is None or args is None or callee.type != "identifier":
                return None
            function = callee
        name = self.word(function)
        if name in self.names or name in INTRINSICS or self.symbols.modelled(name):
            return None
        unit = self.unit
        macro = self.symbols.macro(name, self.path)
        if (
            macro is None
            or (macro.params is None) != (args is None)
            or name in unit.active_at(node.start_byte)
        ):
            return None
        spans: list[tuple[int, int]] = []
        if args is not None:
            found = arguments(unit.original, args.start_byte)
            if found is None:
                return None
            spans = found[0]
        expanded = expand(macro, unit.original, spans)
        if expanded is None or unit.depth >= MAX_DEPTH:
            return None
        start = expanded.text.lstrip()[:1]
        if single:
            if start != b"{":
                return None  # an ordinary value, expanded like any other
        elif start not in (b".", b"[", b"{"):
            parts = arguments(b"(" + expanded.text + b")", 0)
            if parts is None or len(parts[0]) < 2:
                return None
        before = b"int v[] = {"
        parsed = self.parse_fragment(before + expanded.text + b"};", "declaration")
        if parsed.errors:
            return None
        listed = _first(parsed.root, "initializer_list")
        if listed is None:
            return None
        inner = unit.nested(expanded.text, expanded.ranges, node.start_byte, name)
        self.unit = inner.read(parsed, parsed.original.find(before) + len(before))

        def back() -> None:
            self.unit = unit

        return listed, back

    def _element_macro(
        self, node: Node, path: Path, type_: ir.Type | None, store: Store, position: int
    ) -> bool:
        """``SET_RUNTIME_PM_OPS(a, b, c)`` among the elements: several designated ones."""
        found = self._expansion_list(node, False)
        if found is None:
            return False
        listed, back = found
        try:
            inside = list(children(listed))
            if len(inside) == 1 and inside[0].type != "initializer_pair":
                step, inner_type = self._step(position, type_)
                self.initialise(inside[0], (*path, step), inner_type, store)
            else:
                self._list(listed, path, type_, store, position)
        finally:
            back()
        return True

    def _expanded_value(self, node: Node, path: Path, type_: ir.Type | None, store: Store) -> bool:
        """A macro's use as a value that expands to ``{ … }``."""
        found = self._expansion_list(node, True)
        if found is None:
            return False
        listed, back = found
        try:
            inside = list(children(listed))
            if len(inside) != 1 or inside[0].type == "initializer_pair":
                return False
            self.initialise(inside[0], path, type_, store)
            return True
        finally:
            back()

    # ---------------------------------------------------------------------- into a local

    def initialise_place(self, node: Node, place: ir.Expr, type_: ir.Type) -> None:
        """``place`` (a local, all of it) = ``node``, field by field where it is a list."""
        value = bare(node) if node.type == "parenthesized_expression" else node
        if value.type == "compound_literal_expression":
            inner = value.child_by_field_name("value")
            if inner is not None:
                value = inner
        if value.type != "initializer_list":

            def whole(path: Path, stored: ir.Expr, offset: int) -> None:
                target = self._place(place, path)
                if target is not None:
                    self.assign(target, stored, offset)

            self.initialise(value, (), type_, whole)
            return
        inside = list(children(value))
        scalar = isinstance(type_, (ir.Basic, ir.Pointer))
        if scalar and len(inside) == 1 and inside[0].type not in ("initializer_pair", "initializer_list"):
            self.assign(place, self.value(inside[0]), node.start_byte)
            return
        self.assign(place, ZERO, node.start_byte)

        def part(path: Path, stored: ir.Expr, offset: int) -> None:
            target = self._place(place, path)
            if target is not None and stored != ZERO:
                self.assign(target, stored, offset)

        self._list(value, (), type_, part, 0)

    def _place(self, place: ir.Expr, path: Path) -> ir.Expr | None:
        for step in path:
            if not isinstance(step, str):
                place = ir.Index(place, step)
            elif step[0] in "#?":
                return None
            else:
                place = self.field(place, step)
        return place

    def compound_literal(self, node: Node) -> ir.Expr:
        """``(type){ … }``: an unnamed local."""
        type_ = self.specifier(node.child_by_field_name("type"))
        local = self.unnamed("literal", type_)
        self.initialise_place(node, local, type_)
        return local

    # -------------------------------------------------------------------- static storage

    def static_initialiser(self, node: Node, type_: ir.Type | None) -> tuple[ir.Initialiser, ...]:
        """The flattened values of a static initialiser; nothing is evaluated."""
        out: list[ir.Initialiser] = []

        def keep(path: Path, stored: ir.Expr, offset: int) -> None:
            steps = tuple(step if isinstance(step, str) else "[]" for step in path)
            value = OPAQUE if isinstance(stored, ir.Temp) else stored
            out.append(ir.Initialiser(steps, value, self.unit.place(offset)[0]))

        blocks, current, here, temps = len(self.blocks), self.current, self.here, self.temps
        self.begin()
        self.initialise(node, (), type_, keep)
        self.forget(blocks)
        self.current, self.here, self.temps = current, here, temps
        return tuple(out)

    def declarer_values(
        self, declarer: Declarer, texts: list[bytes], offset: int
    ) -> tuple[ir.Initialiser, ...]:
        """What ``DECLARE_WORK(name, function)`` stores."""
        out = []
        for field, index in declarer.values:
            if index < len(texts):
                value = self.text_value(texts[index])
                out.append(ir.Initialiser(tuple(field.split(".")), value or OPAQUE, offset))
        return tuple(out)


def _first(node: Node, kind: str) -> Node | None:
    """The first node of that kind, depth first."""
    if node.type == kind:
        return node
    for child in node.named_children:
        found = _first(child, kind)
        if found is not None:
            return found
    return None
