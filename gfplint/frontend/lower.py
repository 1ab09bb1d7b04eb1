"""Items of a file to :mod:`gfplint.ir`: functions, variables, records, typedefs, enumerations, prototypes.

What comes in: a split file, one of its items and :class:`~gfplint.frontend.symbols.Symbols`; what goes
out: the ir object. Nothing raises for strange source: what cannot be read is left out and counted in
``errors``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend import parse
from gfplint.frontend.declarers import DECLARERS
from gfplint.frontend.enumerations import UNREAD, definition_in_force, written_by_macros
from gfplint.frontend.folding import OPAQUE
from gfplint.frontend.items import Item, ItemKind
from gfplint.frontend.loop_macros import LoopMacros
from gfplint.frontend.lower_builder import Unit, finished
from gfplint.frontend.macros import arguments, expand
from gfplint.frontend.made import Made
from gfplint.frontend.types import UNKNOWN, children

if TYPE_CHECKING:
    from tree_sitter import Node

    from gfplint.frontend.lower_calls import FragmentKind
    from gfplint.frontend.macros import MacroDefinition
    from gfplint.frontend.parse import Parsed
    from gfplint.frontend.source import SourceFile
    from gfplint.frontend.symbols import Symbols

_SPECIFIER = ("struct_specifier", "union_specifier")


class Lowerer(LoopMacros):
    """All layers of lowering put together, for one item."""

    def __init__(self, symbols: Symbols, path: str, parsed: Parsed, unit: Unit) -> None:
        super().__init__(symbols, path, unit)
        self.breaks = []
        self.continues = []
        self.labels = {}
        self.gotos = []
        self.computed = []
        self.cases = []
        self.defaults = []
        self.loop_bodies = []
        self.expansion_names = {}
        self._units = []
        self._fragments: dict[tuple[str, bytes], Parsed] = {}
        self.parsed = parsed

    def parse_fragment(self, text: bytes, kind: FragmentKind) -> Parsed:
        """Parse text that is not in the file as it stands, once for each function."""
        key = (kind, text)
        found = self._fragments.get(key)
        if found is None:
            found = self._fragments[key] = parse.parse_fragment(text, kind, self.symbols, self.path)
        return found


def _opened(
    source: SourceFile, item: Item, symbols: Symbols, *, head: bool = False
) -> tuple[Parsed, Lowerer]:
    """An item parsed, and a lowerer that stands at it. ``head``: of a function, without what is inside."""
    if isinstance(item, Made):
        parsed = parse.parse_slice(item.text, source.path, item.inner, symbols)
        unit = item.unit.read(parsed, 0)
    else:
        if head and item.kind is ItemKind.FUNCTION:
            text = source.text[item.start : source.body(item)] + b"{}"
            parsed = parse.parse_slice(text, source.path, item, symbols)
        else:
            parsed = parse.parse_item(source, item, symbols)
        unit = Unit(parsed.text).read(parsed, parsed.base)
    return parsed, Lowerer(symbols, source.path, parsed, unit)


def lower_function(source: SourceFile, item: Item, symbols: Symbols) -> ir.Function:
    """The function defined at ``item``. One whose header or body cannot be found has an empty body and
    at least one error.
    """
    parsed, lowerer = _opened(source, item, symbols)
    function = ir.Function(
        item.name, source.path, item.start, item.end, item.name_at, item.static, (), lowerer.types, UNKNOWN,
        errors=parsed.errors,
    )  # fmt: skip
    definition = _descendant(parsed.root, ("function_definition",))
    if definition is None:
        body = _descendant(parsed.root, ("compound_statement",))
        function.errors = max(1, function.errors)
    else:
        body = definition.child_by_field_name("body")
        _head(lowerer, definition, function)
    try:
        if body is not None:
            lowerer.statements(body)
            lowerer.run_cleanups(None)
        lowerer.end(ir.Return(None, max(item.start, item.end - 1)))
        lowerer.resolve_gotos()
    except RecursionError:
        function.errors += 1
        lowerer.end(ir.Stop())
    function.blocks = finished(lowerer.blocks, lowerer.written)
    function.statics = frozenset(lowerer.statics)
    function.static_values = lowerer.static_values
    return function


def _head(lowerer: Lowerer, definition: Node, function: ir.Function) -> None:
    """Parameters and the returned type."""
    base = lowerer.specifier(definition.child_by_field_name("type"))
    declarator = definition.child_by_field_name("declarator")
    _, type_, _ = lowerer.declarator(declarator, base)
    function.returns = type_.returns if isinstance(type_, ir.FunctionType) else type_
    inner = declarator
    listed: Node | None = None
    while inner is not None:
        if inner.type == "function_declarator":
            listed = inner.child_by_field_name("parameters")
        below = inner.child_by_field_name("declarator")
        inner = (
            below if below is not None else next((c for c in children(inner) if "declarator" in c.type), None)
        )
    names = []
    for position, (name, parameter) in enumerate(lowerer.parameters(listed)):
        names.append(lowerer.declare(name or f"@{position}", parameter).name)
    function.params = tuple(names)


def lower_variable(source: SourceFile, item: Item, symbols: Symbols) -> list[ir.Variable]:
    """The variable ``item`` (the one of its name, where its declaration has several) with its initialiser
    flattened. One that a macro declares has the type that the macro is known for, or what it expands to.

    A path in ``values`` is made of field names, ``[]`` for an array position and, where a value stands by
    position in a struct whose fields are declared elsewhere, ``#N`` for the N-th member from 0.
    """
    parsed, lowerer = _opened(source, item, symbols)
    try:
        found = _by_macro(lowerer, source, item, parsed)
        if not found:
            found = _declared(lowerer, parsed.root, source, item)
    except RecursionError:
        found = []
    named = [variable for variable in found if variable.name == item.name]
    return named or found


def _declared(lowerer: Lowerer, root: Node, source: SourceFile, item: Item) -> list[ir.Variable]:
    out: list[ir.Variable] = []
    for node in children(root):
        if node.type != "declaration":
            if node.type == "ERROR":
                out.extend(_declared(lowerer, node, source, item))
            continue
        base = lowerer.specifier(node.child_by_field_name("type"))
        for declarator in node.children_by_field_name("declarator"):
            name, type_, name_node = lowerer.declarator(declarator, base)
            if not name or name_node is None:
                continue
            value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
            values = lowerer.static_initialiser(value, type_) if value is not None else ()
            at = lowerer.at(name_node)
            out.append(ir.Variable(name, source.path, at, item.static, type_, values))
    return out


def _by_macro(lowerer: Lowerer, source: SourceFile, item: Item, parsed: Parsed) -> list[ir.Variable]:
    """``static DEFINE_MUTEX(x);``"""
    text = parsed.original
    opening = text.find(b"(")
    if opening < 0:
        return []
    words = text[:opening].split()
    while len(words) > 1 and (words[0] in (b"static", b"const", b"extern") or words[0].startswith(b"__")):
        words.pop(0)  # storage words and attributes
    found = arguments(text, opening) if len(words) == 1 else None
    if found is None:
        return []
    macro = words[0].decode("utf-8", "replace")
    texts = [text[start:end] for start, end in found[0]]
    declarer = DECLARERS.get(macro)
    if declarer is not None and len(texts) > max(declarer.name_arg, declarer.type_arg):
        type_ = lowerer.type_of_text(declarer.type or texts[declarer.type_arg])
        name = texts[declarer.name_arg]
        while name.endswith(b"]"):
            name = name[: name.rfind(b"[")].rstrip()
            type_ = ir.Array(type_)
        at = lowerer.unit.place(found[0][declarer.name_arg][0])[0]
        values = lowerer.declarer_values(declarer, texts, at)
        return [ir.Variable(name.decode("utf-8", "replace"), source.path, at, item.static, type_, values)]
    definition = None if macro in lowerer.names else lowerer.symbols.macro(macro, source.path)
    if definition is None or definition.params is None:
        return []
    return _expanded_variables(lowerer, source, item, macro)


def _expanded_variables(lowerer: Lowerer, source: SourceFile, item: Item, macro: str) -> list[ir.Variable]:
    """The variables that a declaring macro's expansion declares; macros inside it too, a few levels deep."""
    unit = lowerer.unit
    opening = unit.original.find(b"(")
    offset = 0
    for _ in range(8):
        definition = lowerer.symbols.macro(macro, source.path)
        found = arguments(unit.original, opening)
        if definition is None or found is None or macro in unit.active:
            return []
        expanded = expand(definition, unit.original, found[0])
        if expanded is None:
            return []
        text = expanded.text + unit.original[found[1] + 1 :].split(b";")[0] + b";"
        inner = lowerer.parse_fragment(text, "declaration")
        nested = unit.nested(text, expanded.ranges, offset, macro).read(inner, 0)
        lowerer.unit = nested
        variables = _declared(lowerer, inner.root, source, item) if not inner.errors else []
        wanted = [variable for variable in variables if variable.name == item.name]
        if wanted:
            return wanted
        calls = _declaring_calls(text)
        if not calls:
            return variables
        macro, offset, opening = calls
        unit = nested
    return []


def _declaring_calls(text: bytes) -> tuple[str, int, int] | None:
    """The macro use that a text consists of, apart from storage words: its name, place and bracket."""
    opening = text.find(b"(")
    words = text[:opening].split() if opening > 0 else []
    while words and words[0] in (b"static", b"const", b"extern"):
        words.pop(0)
    if len(words) != 1 or b"=" in words[0]:
        return None
    return words[0].decode("utf-8", "replace"), text.find(words[0]), opening


def lower_record(source: SourceFile, item: Item, symbols: Symbols) -> ir.Record:
    """The struct or union at ``item`` with its fields; members that have a body of their own keep theirs."""
    parsed, lowerer = _opened(source, item, symbols)
    first: ir.Record | None = None
    for node in _all(parsed.root, _SPECIFIER):
        if node.child_by_field_name("body") is None:
            continue
        record = lowerer.record(node)
        if record.tag == item.name:
            return record
        first = first or record
    return first or ir.Record("struct", item.name)


def lower_typedef(source: SourceFile, item: Item, symbols: Symbols) -> ir.Type:
    """What the typedef ``item`` stands for; an unnamed struct has its fields inline."""
    parsed, lowerer = _opened(source, item, symbols)
    node = _descendant(parsed.root, ("type_definition",))
    if node is None:
        return UNKNOWN
    base = lowerer.specifier(node.child_by_field_name("type"))
    result: ir.Type = UNKNOWN
    for position, declarator in enumerate(node.children_by_field_name("declarator")):
        name, type_, _ = lowerer.declarator(declarator, base)
        if name == item.name:
            return type_
        if position == 0:
            result = type_
    return result


def lower_enum(source: SourceFile, item: Item, symbols: Symbols) -> dict[str, ir.Expr | int]:
    """Enumerators in order, of all the lists in ``item``: an int where the value follows from constants in
    the list itself, else the expression; those behind such an expression are it plus 1, plus 2 and so on.
    Behind what cannot be read no value is known.
    """

    def macro(name: str, at: int) -> MacroDefinition | None:
        if source.find(name, ItemKind.MACRO):
            return definition_in_force(source, name, at)
        return symbols.macro(name, source.path)

    out: dict[str, ir.Expr | int] = {}
    written = [] if isinstance(item, Made) else written_by_macros(source, item, macro)
    if not written:
        _enumerators(*_opened(source, item, symbols), out)
    for text in written:
        whole = Item(ItemKind.ENUM, "", 0, len(text), 0, False, item.active)
        parsed = parse.parse_slice(text, source.path, whole, symbols)
        _enumerators(parsed, Lowerer(symbols, source.path, parsed, Unit(text).read(parsed, 0)), out)
    return out


def _enumerators(parsed: Parsed, lowerer: Lowerer, out: dict[str, ir.Expr | int]) -> None:
    """Add the enumerators of all lists in ``parsed``."""
    for node in _all(parsed.root, ("enumerator_list",)):
        base: ir.Expr | None = None
        """What ``following`` is counted from: an expression, None for 0."""
        following = 0
        for child in children(node):
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if child.type != "enumerator" or name is None or child.has_error:
                base, following = OPAQUE, 1
                continue
            word = lowerer.word(name)
            if word == UNREAD:
                base, following = OPAQUE, 1
                continue
            current: ir.Expr | int = following if base is None else ir.Binary("+", base, ir.Const(following))
            if value is not None:
                lowered = lowerer.value(value)
                current = lowered.value if isinstance(lowered, ir.Const) else lowered
                base, following = (None, current) if isinstance(current, int) else (ir.Global(word), 0)
            out[word] = current
            if isinstance(current, int):
                lowerer.names[word] = ir.Const(current)
            following += 1


def lower_prototype(source: SourceFile, item: Item, symbols: Symbols) -> tuple[str, ir.FunctionType]:
    """The name and type of the function that ``item`` declares (or defines)."""
    parsed, lowerer = _opened(source, item, symbols, head=True)
    for node in _all(parsed.root, ("declaration", "function_definition")):
        base = lowerer.specifier(node.child_by_field_name("type"))
        for declarator in node.children_by_field_name("declarator"):
            name, type_, _ = lowerer.declarator(declarator, base)
            if isinstance(type_, ir.FunctionType) and (name == item.name or not item.name):
                return name, type_
    return item.name, ir.FunctionType(UNKNOWN)


def _descendant(root: Node, kinds: tuple[str, ...]) -> Node | None:
    return next(iter(_all(root, kinds)), None)


def _all(root: Node, kinds: tuple[str, ...]) -> list[Node]:
    """Nodes of these kinds in order, not looking inside those found but for records."""
    out: list[Node] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in kinds:
            out.append(node)
            if node.type not in _SPECIFIER:
                continue
        stack.extend(reversed(node.named_children))
    return out
