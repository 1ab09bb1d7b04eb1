"""Items and fragments of C, parsed by tree-sitter after the dialect is made plain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import tree_sitter
import tree_sitter_c

from gfplint.frontend.dialect import Draft, Shapes, normalise
from gfplint.frontend.headers import prepare
from gfplint.frontend.items import Item, ItemKind
from gfplint.frontend.marks import Mark
from gfplint.frontend.repair import repair
from gfplint.frontend.source import SourceFile

FragmentKind = Literal["statements", "expression", "type", "declaration"]


@dataclass(slots=True)
class Parsed:
    """A parsed slice.

    ``root`` is a ``translation_unit`` for items and declarations; for other fragments the node that
    was asked for: the ``compound_statement`` around statements, the expression, the ``type_descriptor``.
    Node offsets are offsets into ``text`` (normalised) and ``original`` (before normalising), which have
    the same length; ``base`` is the file offset of the slice (0 for a fragment, whose text is the
    wrapped one). An item without a semicolon of its own has one more byte than its slice. ``marks`` are
    keyed by their start. ``errors`` counts ERROR and MISSING nodes.
    """

    root: tree_sitter.Node
    original: bytes
    text: bytes
    base: int
    marks: dict[int, Mark]
    errors: int


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_c.language()))


def parse_item(source: SourceFile, item: Item, shapes: Shapes) -> Parsed:
    """Parse one item (any kind but MACRO)."""
    return parse_slice(source.text[item.start : item.end], source.path, item, shapes)


def parse_slice(text: bytes, path: str, item: Item, shapes: Shapes) -> Parsed:
    """Parse the text of one item."""
    if item.kind is not ItemKind.FUNCTION and not text.endswith(b";"):
        text += b";"  # a record inside a record, a macro without semicolon
    draft = Draft(text, path, shapes)
    body = prepare(draft, item)
    normalise(draft, body, statements=item.kind is ItemKind.FUNCTION or b"({" in text)
    return _parse(draft, item.start)


def _parse(draft: Draft, base: int) -> Parsed:
    text = bytes(draft.out)
    root = _parser().parse(text).root_node
    errors = 0
    if root.has_error:
        root, errors = repair(draft, root, _parser())
        text = bytes(draft.out)
    return Parsed(root, draft.original, text, base, draft.marks, errors)


_WRAPS: dict[str, tuple[bytes, bytes]] = {
    "statements": (b"void f(void){", b"\n;}"),
    "expression": (b"int v=(", b"\n);"),
    "type": (b"int v=sizeof(", b"\n);"),
    "declaration": (b"", b""),
}


def parse_fragment(text: bytes, kind: FragmentKind, shapes: Shapes, path: str) -> Parsed:
    """Parse a macro's body or expansion as statements, an expression, a type or declarations."""
    before, after = _WRAPS[kind]
    draft = Draft(before + text + after, path, shapes)
    body = len(before) - 1 if kind != "declaration" else len(text)
    normalise(draft, body)
    parsed = _parse(draft, 0)
    parsed.root = _inner(parsed.root, kind)
    return parsed


def _inner(root: tree_sitter.Node, kind: str) -> tree_sitter.Node:
    """The node a fragment was wrapped for; the root where the wrapping itself did not parse."""
    if kind == "declaration" or not root.named_child_count:
        return root
    node = root.named_children[0]
    if kind == "statements":
        block = node.child_by_field_name("body")
        return root if block is None else block
    declarator = node.child_by_field_name("declarator")
    value = declarator.child_by_field_name("value") if declarator is not None else None
    if value is None:
        return root
    if kind == "expression":
        return value.named_children[0] if value.named_child_count else root
    named = value.child_by_field_name("type")
    return root if named is None else named
