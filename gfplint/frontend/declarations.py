"""Declarations inside functions: locals, their initialisers, and macros that declare.

What comes in: a ``declaration`` or the use of a declaring macro; what goes out: locals, assignments, and for
``static`` ones the flattened initialiser, which runs before the function does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend.declarers import DECLARERS, Declarer
from gfplint.frontend.lower_guards import Guards
from gfplint.frontend.macros import arguments
from gfplint.frontend.marks import MarkKind

if TYPE_CHECKING:
    from tree_sitter import Node

    from gfplint.frontend.marks import Mark


class Declarations(Guards):
    """Builder that reads declarations."""

    def declared_by(self, declarer: Declarer, macro: str, start: int, static: bool) -> None:
        """The local that ``macro(…)`` at ``start`` declares."""
        unit = self.unit
        found = arguments(unit.original, unit.original.index(b"(", start))
        if found is None or len(found[0]) <= max(declarer.name_arg, declarer.type_arg):
            return
        texts = [unit.original[a:b] for a, b in found[0]]
        type_ = self.type_of_text(declarer.type or texts[declarer.type_arg])
        if macro == "DEFINE_FLEX" or macro == "DEFINE_RAW_FLEX":
            type_ = ir.Pointer(type_)
        local = self.declare(texts[declarer.name_arg].decode("utf-8", "replace"), type_)
        values = self.declarer_values(declarer, texts, unit.place(start)[0])
        if static:
            self.statics.add(local.name)
            self.static_values[local.name] = values
        else:
            for value in values:
                target: ir.Expr = local
                for step in value.path:
                    target = ir.Field(target, step)
                self.assign(target, value.value, start)

    def declaration(self, node: Node) -> None:
        """Locals, with their initialisers as assignments."""
        static = False
        for child in node.named_children:
            if child.type == "storage_class_specifier":
                word = self.word(child)
                if word == "static":
                    static = True
                elif word in ("extern", "typedef"):
                    return
        type_node = node.child_by_field_name("type")
        declarators = node.children_by_field_name("declarator")
        if type_node is not None and type_node.type == "type_identifier" and declarators:
            word = self.word(type_node)
            first = declarators[0]
            if first.type in ("parenthesized_declarator", "function_declarator", "init_declarator"):
                opening = self.unit.original[type_node.end_byte : type_node.end_byte + 2].lstrip()[:1]
                declarer = DECLARERS.get(word)
                if opening == b"(" and declarer is not None:
                    self.declared_by(declarer, word, type_node.start_byte, static)
                    return
                if opening == b"(" and self._declaring_macro(word, type_node):
                    return
        base = self.specifier(type_node)
        frees = self._free_marks(node)
        auto = (
            type_node is not None
            and type_node.type == "type_identifier"
            and self.word(type_node) == "__auto_type"
        )
        for position, declarator in enumerate(declarators):
            value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
            name, type_, name_node = self.declarator(declarator, base)
            if not name or isinstance(type_, ir.FunctionType):
                continue
            initial: ir.Expr | None = None
            if auto and value is not None:
                initial = self.value(value)
                type_ = self.static_type(initial)
            local = self.declare(name, type_)
            if static:
                self.statics.add(local.name)
                if value is not None:
                    self.static_values[local.name] = self.static_initialiser(value, type_)
                continue
            if initial is not None:
                self.assign(local, initial, declarator.start_byte)
            elif value is not None:
                self.initialise_place(value, local, type_)
            until = declarators[position + 1].start_byte if position + 1 < len(declarators) else node.end_byte
            for mark in frees:
                if declarator.start_byte <= mark.start < until or (position == 0 and mark.start < until):
                    self.free_at_end(mark, local)
            if name_node is None:
                continue

    def _free_marks(self, node: Node) -> list[Mark]:
        marks = self.unit.marks
        if not marks:
            return []
        return [
            mark
            for mark in marks.values()
            if mark.kind is MarkKind.ATTRIBUTE
            and node.start_byte <= mark.start < node.end_byte
            and mark.name in ("__free", "__cleanup")
        ]

    def _declaring_macro(self, name: str, type_node: Node) -> bool:
        """``static DEFINE_FOO(x);`` with a macro that no table has: what it expands to, in this scope."""
        if self.symbols.modelled(name):
            return False
        macro = self.symbols.macro(name, self.path)
        if macro is None or macro.params is None:
            return False
        found = arguments(self.unit.original, self.unit.original.index(b"(", type_node.end_byte))
        if found is None:
            return False
        return self.expansion(macro, found[0], type_node.start_byte, False) is not None
