"""Macros as text: one definition, the arguments of one use, and what the use expands to.

What comes in: the bytes of a ``#define`` and of a use; what goes out: the expansion's bytes, and which
stretches of it were arguments, so that a call written in an argument keeps the position it has in the
source. Nothing here parses C.

The rules are the preprocessor's: parameters replaced, ``#x``, ``a ## b``, ``__VA_ARGS__`` and GNU's named
rest (``args...``) and ``, ## args``. Two things differ. Arguments are not expanded beforehand: lowering
expands a macro where it meets its call, which comes to the same. And adjacent tokens are kept apart by
the white space that the body has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gfplint.frontend.source import Item, SourceFile

MAX_EXPANSION = 64 * 1024
"""Bytes of one expansion. Longer ones stay a call to the macro's name."""
MAX_DEPTH = 40
"""How deep macros may nest."""
MAX_TOTAL = 1024 * 1024
"""Bytes of all expansions of one function together."""


@dataclass(slots=True, unsafe_hash=True)
class MacroDefinition:
    """One ``#define``. ``params`` is None for an object-like macro; ``variadic`` names the rest
    (``__VA_ARGS__`` or GNU's ``args``). ``body`` has no line continuations and no comments.
    """

    name: str
    params: tuple[str, ...] | None
    variadic: str | None
    body: bytes
    path: str
    offset: int


@dataclass(slots=True)
class Expansion:
    """``text``, and the arguments inside it: (start, end, offset in the text of the use)."""

    text: bytes
    ranges: tuple[tuple[int, int, int], ...]


_DEFINE = re.compile(rb"\s*#\s*define\s+([A-Za-z_]\w*)(\(([^)]*)\))?[ \t]?", re.S)
_CONTINUED = re.compile(rb"\\[ \t]*\r?\n")
_COMMENT = re.compile(rb'("(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')|/\*.*?\*/|//[^\n]*', re.S)


def parse_define(text: bytes, path: str = "", offset: int = 0) -> MacroDefinition | None:
    """The definition that ``text`` (``#define …`` with its continuation lines) holds, None if it is none."""
    text = _CONTINUED.sub(b" ", text)
    if b"/" in text:
        text = _COMMENT.sub(lambda m: m.group(1) or b" ", text)
    match = _DEFINE.match(text)
    if match is None:
        return None
    params: tuple[str, ...] | None = None
    variadic: str | None = None
    if match.group(2) is not None:
        names = [part.strip().decode("ascii", "replace") for part in match.group(3).split(b",")]
        names = [name for name in names if name]
        if names and names[-1].endswith("..."):
            variadic = names.pop()[:-3].strip() or "__VA_ARGS__"
        params = tuple(names)
    name = match.group(1).decode("ascii")
    return MacroDefinition(name, params, variadic, text[match.end() :].strip(), path, offset)


def parse_macro(source: SourceFile, item: Item) -> MacroDefinition:
    """The definition at ``item`` (of kind MACRO). An unreadable one gets an empty body."""
    found = parse_define(source.text[item.start : item.end], source.path, item.start)
    return found or MacroDefinition(item.name, None, None, b"", source.path, item.start)


# ------------------------------------------------------------------------------- arguments

_DELIMITER = re.compile(
    rb'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|//[^\n]*|[(),]',
    re.S,
)


def arguments(text: bytes, opening: int) -> tuple[list[tuple[int, int]], int] | None:
    """The arguments of the call whose ``(`` is at ``opening``: their spans without white space around,
    and the offset of the closing parenthesis. Only parentheses nest, as in the preprocessor. ``()`` is one
    empty argument. None where the parenthesis never closes.
    """
    spans: list[tuple[int, int]] = []
    depth = 0
    start = opening + 1
    for match in _DELIMITER.finditer(text, opening):
        char = match.group()
        if char == b"(":
            depth += 1
        elif char == b")":
            depth -= 1
            if depth == 0:
                spans.append(_stripped(text, start, match.start()))
                return spans, match.start()
        elif char == b"," and depth == 1:
            spans.append(_stripped(text, start, match.start()))
            start = match.end()
    return None


def _stripped(text: bytes, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    left = piece.lstrip()
    start = end - len(left)
    return start, start + len(left.rstrip())


# ------------------------------------------------------------------------------ substitution

_LITERAL, _PARAM, _STRING, _PASTED, _COMMA = range(5)
_TOKEN = re.compile(
    rb'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_]\w*|\s*##\s*|#\s*|\d[\w.]*|\s+|.', re.S
)


@lru_cache(maxsize=8192)
def _pieces(
    body: bytes, params: tuple[str, ...] | None, variadic: str | None
) -> tuple[tuple[int, bytes, int], ...]:
    """The body as (kind, literal, parameter index); the rest's index is ``len(params)``."""
    index = {name.encode(): i for i, name in enumerate(params or ())}
    if variadic is not None:
        index[variadic.encode()] = len(params or ())
    out: list[tuple[int, bytes, int]] = []
    tokens = [match.group() for match in _TOKEN.finditer(body)]
    position = 0
    pasting = False
    while position < len(tokens):
        token = tokens[position]
        position += 1
        bare = token.strip()
        if bare == b"##":
            pasting = True
            if out and out[-1][0] == _PARAM:
                out[-1] = (_PASTED, b"", out[-1][2])
            continue
        if bare == b"#" and params is not None and position < len(tokens) and tokens[position] in index:
            out.append((_STRING, b"", index[tokens[position]]))
            position += 1
        elif token in index:
            rest = variadic is not None and index[token] == len(params or ())
            if pasting and rest and out and out[-1][0] == _LITERAL and out[-1][1].rstrip().endswith(b","):
                kept = out[-1][1].rstrip()[:-1]
                out[-1] = (_LITERAL, kept, 0)
                out.append((_COMMA, b"", index[token]))
            else:
                out.append((_PASTED if pasting else _PARAM, b"", index[token]))
        elif out and out[-1][0] == _LITERAL:
            out[-1] = (_LITERAL, out[-1][1] + token, 0)
        else:
            out.append((_LITERAL, token, 0))
        pasting = False
    return tuple(out)


def expand(macro: MacroDefinition, text: bytes, spans: list[tuple[int, int]]) -> Expansion | None:
    """What ``macro`` used with the arguments at ``spans`` of ``text`` becomes; None where their number is
    wrong or the result longer than MAX_EXPANSION. An object-like macro takes no spans.
    """
    params = macro.params or ()
    count = len(params)
    if macro.params is not None:
        if count == 0 and len(spans) == 1 and spans[0][0] == spans[0][1]:
            spans = []
        if len(spans) < count or (len(spans) > count and macro.variadic is None):
            return None
        if macro.variadic is not None:
            rest = spans[count:]
            tail = (rest[0][0], rest[-1][1]) if rest else (0, 0)
            spans = [*spans[:count], tail]
    out: list[bytes] = []
    ranges: list[tuple[int, int, int]] = []
    size = 0
    for kind, literal, index in _pieces(macro.body, macro.params, macro.variadic):
        if kind == _LITERAL:
            piece = literal
        else:
            start, end = spans[index]
            piece = text[start:end]
            if kind == _PARAM:
                ranges.append((size, size + len(piece), start))
            elif kind == _STRING:
                piece = b'"' + piece.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b" ") + b'"'
            elif kind == _COMMA and piece:
                ranges.append((size + 1, size + 1 + len(piece), start))
                piece = b"," + piece
        out.append(piece)
        size += len(piece)
        if size > MAX_EXPANSION:
            return None
    return Expansion(b"".join(out), tuple(ranges))
