"""Functions and variables that a macro at file scope makes: ``DEFINE_SHOW_ATTRIBUTE(x)`` makes ``x_open()``.

What comes in: a split file, what its macros are, and which of them may make a function. What goes out: the
items that stand in the expansions, each with its own text. Arguments keep the place that they have in the
file; everything else has the place of the macro's use. ``SHOW(x) { … }``, where a macro makes but the head of
a function, gets the name that the macro gives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gfplint.frontend.heads import scan_items
from gfplint.frontend.items import Item, ItemKind
from gfplint.frontend.lower_builder import Unit
from gfplint.frontend.macros import MAX_TOTAL, MacroDefinition, arguments, expand
from gfplint.frontend.source import SourceFile

_MAX_NESTING = 8
"""Macros in macros at file scope; the kernel has four (``module_pci_driver()``)."""
_USE = re.compile(rb"\s*(?:(?:static|extern|const|inline|asmlinkage|__\w+)\s+)*([A-Za-z_]\w*)\s*(?=\()")


@dataclass(slots=True)
class Made(Item):
    """An item in a macro's expansion: ``start`` and ``end`` are those of the use in the file, ``inner`` is
    the item in ``text``, which ``unit`` places in the file.
    """

    text: bytes
    unit: Unit
    inner: Item


Lookup = Callable[[str], MacroDefinition | None]


def with_made(file: SourceFile, macro: Lookup, makes: Callable[[str], bool]) -> tuple[Item, ...]:
    """The items of ``file`` and those that its macros make. ``macro`` knows definitions; ``makes`` says
    cheaply which of them may make a function, or the head of one.
    """
    text = file.text
    if not any(makes(word) for word in {_macro(text, item) for item in file.items} if word):
        return file.items
    result: list[Item] = []
    budget = [MAX_TOTAL]
    for item in file.items:
        made: list[Made] = []
        word = _macro(text, item)
        if word and makes(word):
            unit = Unit(text[item.start : item.end])
            unit.base = item.start
            expanded = _expanded(unit, _at_zero(item), macro, budget)
            if expanded is not None:
                made = _read(expanded, item, macro, makes, budget)
        functions = [each for each in made if each.kind is ItemKind.FUNCTION]
        if item.kind is ItemKind.FUNCTION:
            # A head that makes several functions (SYSCALL_DEFINE) is understood without its macro.
            result.append(functions[0] if len(made) == len(functions) == 1 else item)
            continue
        if functions:
            # An offset inside the use belongs to the use, so that comes last.
            result.extend(each for each in made if each.name != item.name or each.kind is not item.kind)
        result.append(item)
    return tuple(result)


def _macro(text: bytes, item: Item) -> str:
    """The macro whose use ``item`` is, or that makes its head; "" for all others."""
    kind = item.kind
    if kind is ItemKind.FUNCTION:
        if text[item.name_at - 1 : item.name_at] != b"(":
            return ""
    elif kind is not ItemKind.OTHER and kind is not ItemKind.VARIABLE:
        return ""
    match = _USE.match(text, item.start, item.end)
    if match is None:
        return ""
    if kind is not ItemKind.OTHER and item.name_at <= match.end():
        return ""
    return match[1].decode("utf-8", "replace")


def _typed(text: bytes, item: Item) -> bool:
    """Whether a function has a type before its name, as those have whose head is no macro's use."""
    match = _USE.match(text, item.start, item.end)
    return match is None or match.start(1) > item.name_at or match.end() < item.name_at


def _at_zero(item: Item) -> Item:
    """``item`` in a text that begins where it does."""
    shift = item.start
    return Item(
        item.kind,
        item.name,
        item.start - shift,
        item.end - shift,
        item.name_at - shift,
        item.static,
        item.active,
    )


def _expanded(unit: Unit, item: Item, macro: Lookup, budget: list[int]) -> Unit | None:
    """What the use at ``item`` of ``unit`` becomes: storage words, the expansion, and behind a function's
    head its body.
    """
    text = unit.original
    match = _USE.match(text, item.start, item.end)
    if match is None:
        return None
    name = match[1].decode("utf-8", "replace")
    definition = macro(name)
    found = arguments(text, match.end())
    if (
        definition is None
        or definition.params is None
        or found is None
        or name in unit.active_at(match.start(1))
    ):
        return None
    expansion = expand(definition, text, found[0])
    if expansion is None:
        return None
    before = text[item.start : match.start(1)]
    shift = len(before)
    ranges = [(start + shift, end + shift, at) for start, end, at in expansion.ranges]
    whole = before + expansion.text + b"\n"
    if item.kind is ItemKind.FUNCTION:
        if b"{" in expansion.text:
            return None
        body = found[1] + 1
        ranges.append((len(whole), len(whole) + item.end - body, body))
        whole += text[body : item.end]
    else:
        whole += b";"
    budget[0] -= len(whole)
    if budget[0] < 0:
        return None
    return unit.nested(whole, tuple(ranges), match.start(1), name)


def _read(
    unit: Unit, use: Item, macro: Lookup, makes: Callable[[str], bool], budget: list[int]
) -> list[Made]:
    """The functions and variables in an expansion, those that macros in it make among them."""
    found: list[Item] = []
    scan_items(unit.original, 0, len(unit.original), use.active, found)
    result: list[Made] = []
    for item in found:
        word = _macro(unit.original, item)
        if word and unit.depth < _MAX_NESTING and makes(word):
            inner = _expanded(unit, item, macro, budget)
            if inner is not None:
                result.extend(_read(inner, use, macro, makes, budget))
                continue
        if item.kind is ItemKind.VARIABLE or (item.kind is ItemKind.FUNCTION and _typed(unit.original, item)):
            result.append(
                Made(
                    item.kind, item.name, use.start, use.end, use.name_at, item.static, use.active,
                    unit.original[item.start : item.end], unit.quoted(item.start, item.end), _at_zero(item),
                )
            )  # fmt: skip
    return result
