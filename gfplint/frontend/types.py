"""C types and declarators, from the syntax tree to :mod:`gfplint.ir`'s types.

What comes in: ``type`` nodes, declarators and the texts of type arguments; what goes out: ir types with the
names they give. Qualifiers, storage classes, attributes, array lengths and bit-field widths are dropped.
``typeof`` is answered here where the declared type of a local says it; otherwise it stays a TypeOf.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend.lower_builder import Builder
from gfplint.frontend.marks import MarkKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

UNKNOWN = ir.UnknownType()
INT = ir.Basic("int")

_WORDS = frozenset(
    [
        "void",
        "char",
        "short",
        "int",
        "long",
        "float",
        "double",
        "signed",
        "unsigned",
        "_Bool",
        "bool",
        "__int128",
    ]
)
_QUALIFIERS = re.compile(
    r"\b(const|volatile|static|register|extern|inline|__restrict|restrict|__user|__iomem|__percpu|__rcu"
    r"|__force|__kernel|__bitwise|__maybe_unused|__private|__ro_after_init|__read_mostly|__aligned_u64(?=\s+\w))\b"
)
_SIMPLE = re.compile(r"^(?:(struct|union|enum)\s+(\w+)|(\w+(?:\s+\w+)*?))\s*((?:\*\s*)*)$")
_TYPEOF = re.compile(r"^(?:typeof|__typeof__|__typeof|typeof_unqual|__unqual_scalar_typeof)\s*\(")


def children(node: Node) -> Iterator[Node]:
    """The named children without comments."""
    for child in node.named_children:
        if child.type != "comment":
            yield child


def pointers(type_: ir.Type, count: int) -> ir.Type:
    """``type_`` with ``count`` stars."""
    for _ in range(count):
        type_ = ir.Pointer(type_)
    return type_


def simple_type(text: str) -> ir.Type | None:
    """The type that ``text`` spells where it is a name, a basic type or a tag, with stars behind."""
    match = _SIMPLE.match(" ".join(_QUALIFIERS.sub(" ", text).split()))
    if match is None:
        return None
    keyword, tag, name, stars = match.groups()
    base: ir.Type
    if keyword == "enum":
        base = INT
    elif keyword:
        base = ir.Record(keyword, tag)
    else:
        words = name.split()
        if _WORDS.issuperset(words):
            base = ir.Basic(name)
        elif len(words) == 1:
            base = ir.Named(name)
        elif words[0] in ("struct", "union", "enum"):
            return None
        else:
            base = ir.Named(words[-1])
    return pointers(base, stars.count("*"))


class Types(Builder):
    """Builder that reads types."""

    # What the layers above provide.

    def value(self, node: Node) -> ir.Expr:
        """The value of an expression, its side effects written out."""
        raise NotImplementedError

    def quiet_value(self, node: Node) -> ir.Expr | None:
        """The value of an expression that is not evaluated; None where it would have side effects."""
        raise NotImplementedError

    def text_value(self, text: bytes) -> ir.Expr | None:
        """The value of an expression given as text, not evaluated."""
        raise NotImplementedError

    def parse_type_text(self, text: bytes) -> Node | None:
        """The ``type_descriptor`` (or declaration) that ``text`` parses to, with ``unit`` switched to it."""
        raise NotImplementedError

    # ------------------------------------------------------------------------- specifiers

    def specifier(self, node: Node | None) -> ir.Type:
        """The type that a ``type`` node names, before any declarator."""
        if node is None:
            return INT
        mark = self.unit.marks.get(node.start_byte) if self.unit.marks else None
        if mark is not None and mark.kind is MarkKind.TYPE:
            return self.type_of_text(self.unit.original[mark.start : mark.end])
        kind = node.type
        if kind == "primitive_type":
            return ir.Basic(self.word(node))
        if kind == "type_identifier" or kind == "identifier":
            return ir.Named(self.word(node))
        if kind == "sized_type_specifier":
            words = self.word(node).split()
            if words and words[-1] not in _WORDS:
                return ir.Named(words[-1])
            return ir.Basic(" ".join(words))
        if kind in ("struct_specifier", "union_specifier"):
            return self.record(node)
        if kind == "enum_specifier":
            return INT
        if kind == "type_descriptor":
            return self.descriptor(node)
        if kind == "macro_type_specifier":
            return self.type_of_text(self.word(node))
        return UNKNOWN

    def record(self, node: Node) -> ir.Record:
        """A struct or union, with its fields where its body is here."""
        keyword = "struct" if node.type == "struct_specifier" else "union"
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        fields = tuple(self.fields(body)) if body is not None else ()
        return ir.Record(keyword, self.word(name) if name is not None else "", fields)

    def fields(self, body: Node) -> Iterator[tuple[str, ir.Type]]:
        """The members in order; an unnamed struct or union is ("", Record)."""
        for child in children(body):
            if child.type == "field_declaration":
                base = self.specifier(child.child_by_field_name("type"))
                declarators = child.children_by_field_name("declarator")
                if not declarators:
                    if isinstance(base, ir.Record):
                        yield "", base
                    continue
                for declarator in declarators:
                    name, type_, _ = self.declarator(declarator, base)
                    if name:
                        yield name, type_
            elif child.type in (
                "ERROR",
                "preproc_if",
                "preproc_ifdef",
                "preproc_else",
                "field_declaration_list",
            ):
                yield from self.fields(child)

    # ------------------------------------------------------------------------ declarators

    def declarator(self, node: Node | None, base: ir.Type) -> tuple[str, ir.Type, Node | None]:
        """The name that a declarator gives ("" without one), its type, and the name's node."""
        while node is not None:
            kind = node.type
            if kind in ("identifier", "field_identifier", "type_identifier", "primitive_type"):
                return self.word(node), base, node
            if kind in ("pointer_declarator", "abstract_pointer_declarator"):
                base = ir.Pointer(base)
            elif kind in ("array_declarator", "abstract_array_declarator"):
                base = ir.Array(base)
            elif kind in ("function_declarator", "abstract_function_declarator"):
                params = node.child_by_field_name("parameters")
                base = ir.FunctionType(base, tuple(t for _, t in self.parameters(params)))
            elif kind == "init_declarator":
                pass
            inner = node.child_by_field_name("declarator")
            if inner is None:
                inner = next(
                    (c for c in children(node) if "declarator" in c.type or c.type.endswith("identifier")),
                    None,
                )
            node = inner
        return "", base, None

    def parameters(self, node: Node | None) -> list[tuple[str, ir.Type]]:
        """Names ("" where there is none) and types of a parameter list; ``(void)`` is empty."""
        out: list[tuple[str, ir.Type]] = []
        if node is None:
            return out
        for child in children(node):
            if child.type == "parameter_declaration":
                base = self.specifier(child.child_by_field_name("type"))
                name, type_, _ = self.declarator(child.child_by_field_name("declarator"), base)
                if isinstance(type_, ir.Array):
                    type_ = ir.Pointer(type_.of)
                elif isinstance(type_, ir.FunctionType):
                    type_ = ir.Pointer(type_)
                out.append((name, type_))
            elif child.type == "identifier":
                out.append((self.word(child), INT))
        if len(out) == 1 and out[0] == ("", ir.Basic("void")):
            return []
        return out

    def descriptor(self, node: Node) -> ir.Type:
        """The type of a ``type_descriptor`` (in casts, sizeof, compound literals)."""
        base = self.specifier(node.child_by_field_name("type"))
        declarator = node.child_by_field_name("declarator")
        return self.declarator(declarator, base)[1] if declarator is not None else base

    # ---------------------------------------------------------------------- types as text

    def type_of_text(self, text: bytes | str) -> ir.Type:
        """The type that a macro's argument or a ``typeof(…)`` spells."""
        spelled = text if isinstance(text, str) else text.decode("utf-8", "replace")
        spelled = spelled.strip()
        match = _TYPEOF.match(spelled)
        if match is not None:
            closing = _closing(spelled, match.end() - 1)
            rest = spelled[closing + 1 :].replace("const", "").strip()
            if closing > 0 and not rest.strip("* "):
                return pointers(self.typeof(spelled[match.end() : closing]), rest.count("*"))
        simple = simple_type(spelled)
        if simple is not None:
            return simple
        unit = self.unit
        try:
            node = self.parse_type_text(spelled.encode())
            return self.descriptor(node) if node is not None else UNKNOWN
        finally:
            self.unit = unit

    def typeof(self, operand: str) -> ir.Type:
        """``typeof(operand)``, where ``operand`` is a type or an expression."""
        operand = operand.strip()
        if _TYPEOF.match(operand) or re.match(r"(?:const\s+)?(?:struct|union|enum)\s", operand):
            return self.type_of_text(operand)
        if re.fullmatch(r"\w+", operand) and operand not in self.names:
            simple = simple_type(operand)
            if isinstance(simple, ir.Basic) or operand.endswith("_t"):
                return simple or UNKNOWN
        if re.fullmatch(r"[\w\s]+\*+", operand):
            return simple_type(operand) or UNKNOWN
        value = self.text_value(operand.encode())
        return self.static_type(value) if value is not None else UNKNOWN

    def static_type(self, value: ir.Expr) -> ir.Type:
        """The type of a value as far as declared types of locals tell it; else ``TypeOf(value)``."""
        known = self.known_type(value)
        if known is not None:
            return known
        return UNKNOWN if isinstance(value, (ir.Temp, ir.Opaque)) else ir.TypeOf(value)

    def known_type(self, value: ir.Expr) -> ir.Type | None:
        """The declared type of a local, or of what it points to or holds; None elsewhere."""
        if isinstance(value, ir.Local):
            found = self.types.get(value.name)
            return None if isinstance(found, ir.UnknownType) else found
        if isinstance(value, ir.Cast):
            return value.type
        if isinstance(value, (ir.Deref, ir.Index)):
            outer = self.known_type(value.pointer if isinstance(value, ir.Deref) else value.base)
            if isinstance(outer, ir.Pointer):
                return outer.to
            if isinstance(outer, ir.Array):
                return outer.of
        if isinstance(value, ir.AddressOf):
            inner = self.known_type(value.operand)
            return ir.Pointer(inner) if inner is not None else None
        if isinstance(value, ir.Container):
            return ir.Pointer(value.type)
        return None


def _closing(text: str, opening: int) -> int:
    depth = 0
    for position in range(opening, len(text)):
        if text[position] == "(":
            depth += 1
        elif text[position] == ")":
            depth -= 1
            if depth == 0:
                return position
    return -1
