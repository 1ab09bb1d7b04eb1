"""The kernel's dialect made plain C at the same length.

What comes in: a slice of source whose comments are blanked. What goes out: bytes of the same length,
with the same line ends, that tree-sitter's C grammar understands more often, and
:class:`~gfplint.frontend.marks.Mark` s for what was changed. Nothing raises.

This is the cheap part, done to every item: each pass is guarded by a search for a literal, so that an
ordinary function costs a few searches. What is still an error then is
:mod:`gfplint.frontend.repair`'s business.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Protocol

from gfplint.frontend.lexical import STRING, TO_BLANK, group_end
from gfplint.frontend.marks import Mark, MarkKind
from gfplint.frontend.words import (
    ATTRIBUTE_CALLS,
    ATTRIBUTES,
    EACH_NAME,
    KEYWORDS,
    LOOP_NAME,
    STATEMENT_WORDS,
)


class Shape(Enum):
    """What a macro's use looks like to the grammar."""

    LOOP = auto()
    """A statement follows: ``list_for_each_entry(…) {``."""
    STATEMENT = auto()
    """A whole statement, with or without its own semicolon."""
    EXPRESSION = auto()
    ATTRIBUTE = auto()
    """Nothing, or something beside a declaration that the analysis has no use for."""
    DECLARATION = auto()
    TYPE = auto()


class Shapes(Protocol):
    """What the normaliser may ask about a macro it meets."""

    def shape(self, name: str, path: str) -> Shape | None:
        """The shape of macro ``name`` as seen from ``path``; None where it is no macro or unknown."""
        ...


class Draft:
    """A slice being rewritten: ``original`` as it was, ``out`` as it is now, ``marks`` by start.
    ``body`` is the offset from which expressions may stand.
    """

    __slots__ = ("body", "marks", "original", "out", "path", "shapes")

    def __init__(self, original: bytes, path: str, shapes: Shapes) -> None:
        self.original = original
        self.out = bytearray(original)
        self.marks: dict[int, Mark] = {}
        self.path = path
        self.shapes = shapes
        self.body = 0

    def blank(self, start: int, end: int) -> None:
        """Blank ``[start, end)``."""
        self.out[start:end] = self.out[start:end].translate(TO_BLANK)

    def put(self, start: int, end: int, text: bytes) -> None:
        """Write ``text`` at ``start`` and blank the rest up to ``end``. ``text`` has no line ends; it
        must fit before the first line end, which the caller checks with :meth:`room`.
        """
        self.blank(start + len(text), end)
        self.out[start : start + len(text)] = text

    def quoted(self, at: int) -> bool:
        """Whether the offset is inside a string or a character, whose words are none of C's."""
        line = self.original.rfind(b"\n", 0, at) + 1
        if b'"' not in self.original[line:at]:
            return False
        for match in _STRING.finditer(self.original, line):
            if match.end() > at:
                return match.start() < at
        return False

    def room(self, start: int, end: int) -> int:
        """How many bytes are free of line ends from ``start``, up to ``end``."""
        for ending in (b"\n", b"\r"):
            at = self.out.find(ending, start, end)
            if at >= 0:
                end = at
        return end - start

    def word(self, start: int, end: int, prefix: bytes = b"") -> None:
        """Make ``[start, end)`` one identifier: what is no identifier character becomes ``_``."""
        room = self.room(start, end)
        text = prefix + re.sub(rb"[^\w]", b"_", bytes(self.out[start : start + room]))[len(prefix) :]
        if text[:1].isdigit():
            text = b"_" + text[1:]
        self.put(start, end, text or b"")

    def mark(self, kind: MarkKind, start: int, end: int, name: bytes) -> None:
        """Remember what stood at ``[start, end)``."""
        self.marks[start] = Mark(
            kind,
            start,
            end,
            name.decode("utf-8", "replace"),
            self.original[start:end].decode("utf-8", "replace"),
        )

    def shape(self, name: bytes) -> Shape | None:
        """What the program knows about macro ``name``."""
        return self.shapes.shape(name.decode("utf-8", "replace"), self.path)


_STRING = re.compile(STRING)
_SIMPLE = rb"[^(){};\"']++|" + STRING
_GROUP1 = rb"\((?>(?:" + _SIMPLE + rb")*)\)"
_GROUP2 = rb"\((?>(?:" + _SIMPLE + rb"|" + _GROUP1 + rb")*)\)"
_GROUP3 = rb"\((?>(?:" + _SIMPLE + rb"|" + _GROUP2 + rb")*)\)"
_GROUP4 = rb"\((?>(?:" + _SIMPLE + rb"|" + _GROUP3 + rb")*)\)"

_DIRECTIVE = re.compile(rb"(?<!\\\n)^[ \t\f\v]*#[^\n\\]*(?:\\(?:[ \t]*\r?\n|.)?[^\n\\]*)*", re.MULTILINE)
_UNDERSCORED = re.compile(rb"\b__\w+")
_UNDERSCORED_WORDS = ATTRIBUTES | ATTRIBUTE_CALLS | {b"__label__"}
_SEMICOLON = re.compile(rb"\s*;")
_LOOP_END = re.compile(rb"\}\s*((?:while|for)_each_\w+)\s*\(")
_OPEN = re.compile(rb"\s*\(")
_AFTER = re.compile(rb"\s*(.)", re.DOTALL)
_NAME = re.compile(rb"\w*")
_LABELS = re.compile(rb"[^;{}]*")
_ASM = re.compile(
    rb"\b(?:asm|__asm__|__asm|asm_volatile_goto|asm_inline|asm_goto_output)\b\s*"
    rb"(?:(?:volatile|__volatile__|__volatile|goto|inline|__inline__|__inline)\b\s*)*\("
)
_TYPEOF = re.compile(rb"\b(?:__)?typeof(?:_unqual)?(?:__)?\s*\(")
_ALIGNOF = re.compile(rb"\b_*[Aa]lignof_*\s*\(")
_STATIC_MACRO = re.compile(rb"\b(?:static|extern)\s+(?:const\s+)?([A-Z]\w*\s*)(" + _GROUP4 + rb")(?=\s*[;=])")
_LIST_OF_HEADS = re.compile(rb"[;{}]\s*([A-Z]*LIST_HEAD\()(\w+)\)(?=,)")
_ASSIGNED_CALL = re.compile(rb"[;{}]\s*[A-Z]\w*\s*" + _GROUP3 + rb"\s*(=\s*\{)")
_OFFSETOF = re.compile(rb"\b(?:__builtin_)?offsetof(?:end)?\s*\(")
_OFFSETOF_PLAIN = re.compile(rb"offsetof\s*\(\s*(?:(?:struct|union)\s+)?\w+\s*,\s*\w+\s*\)")
_CASE_RANGE = re.compile(rb"\bcase\b[^;{}\"]*?(\.\.\.)")
_GOTO = re.compile(rb"\bgoto\s*(?=\*)")
_TYPE_ARGUMENT = re.compile(
    rb"[(,]\s*((?:(?:const|volatile)\s+)*(?:(?:struct|union|enum)\s+\w+"
    rb"|(?:unsigned|signed|long|short|int|char|void|bool|float|double)\b(?:\s+(?:int|long|char|short|unsigned|signed)\b)*"
    rb"|[A-Za-z_]\w*(?=\s*(?:\bconst\s*)?\*))(?:\s*(?:\*|\bconst\b|\bvolatile\b|\[\w*\]))*)\s*(?=[,)])"
)
_STATEMENT_CALL = re.compile(
    rb"[\n{};:)]\s*+(?>(?:else\s++|do\s++)?)"
    rb"(?!(?:if|for|while|switch|return|sizeof|do|else|case|goto|typeof|asm|__asm__)\b)"
    rb"([A-Za-z_]\w*+)[ \t]*+(" + _GROUP4 + rb")(?=\s*([A-Za-z_{*(+\-])(\w*))"
)


def normalise(draft: Draft, body: int, statements: bool = True) -> None:
    """Rewrite ``draft`` in place. ``body`` is the offset from which expressions are expected, and
    ``statements`` where those may stand there; before it stand declarators only.
    """
    out = draft.out
    draft.body = body
    if b"#" in out:
        for match in _DIRECTIVE.finditer(draft.original):
            draft.blank(match.start(), match.end())
    if b"__" in out:
        _attributes(draft)
    if b"asm" in out:
        _assembly(draft)
    if b"typeof" in out:
        _typeofs(draft)
    if b"..." in out:
        for match in _CASE_RANGE.finditer(bytes(out), body):
            at = match.start(1)
            out[at : at + 3] = b"|| "
            draft.mark(MarkKind.RANGE, at, at + 3, b"...")
    if b"goto" in out:
        for match in _GOTO.finditer(bytes(out), body):
            draft.blank(match.start(), match.end())
            draft.mark(MarkKind.STATEMENT, match.end(), match.end() + 1, b"goto")
    if b"offsetof" in out:
        _offsetofs(draft)
    if b"lignof" in out:
        for match in _ALIGNOF.finditer(bytes(out), body):
            end = group_end(draft.original, match.end() - 1)
            if end > 0:
                draft.word(match.start(), end)
                draft.mark(MarkKind.TYPE, match.start(), end, b"alignof")
    if b"static" in out:
        for match in _STATIC_MACRO.finditer(bytes(out), body + 1):
            draft.blank(match.start(), match.start(1))
            draft.mark(MarkKind.DECLARATION, match.start(1), match.end(2), match.group(1).strip())
    if b"_HEAD(" in out:
        for match in _LIST_OF_HEADS.finditer(bytes(out), body):
            draft.put(match.start(1), match.start(2), b"struct T")
            draft.out[match.end(2) : match.end(2) + 1] = b" "
            draft.mark(MarkKind.TYPE, match.start(1), match.end(), match.group(1).split(b"(")[0])
    if b") =" in out:
        for match in _ASSIGNED_CALL.finditer(bytes(out), body):
            end = group_end(draft.original, match.end(1) - 1)
            if end > 0:
                draft.blank(match.start(1), end)
    if statements:
        statement_calls(draft, body)
    _type_arguments(draft, body)


def _attributes(draft: Draft) -> None:
    """Blank attribute macros. Only those with arguments leave a mark."""
    text = bytes(draft.out)
    for match in _UNDERSCORED.finditer(text):
        word = match.group()
        start = match.start()
        if word not in _UNDERSCORED_WORDS or draft.quoted(start):
            continue
        if word in ATTRIBUTES:
            if text[start - 1 : start] != b"." and text[start - 2 : start] != b"->":
                draft.blank(start, match.end())
        elif word in ATTRIBUTE_CALLS:
            opening = _OPEN.match(text, match.end())
            if opening is None:
                continue
            end = group_end(text, opening.end() - 1)
            if end > 0:
                draft.blank(start, end)
                draft.mark(MarkKind.ATTRIBUTE, start, end, word)
        else:  # __label__ a, b;
            labels = _LABELS.match(text, match.end())
            if labels is not None:
                draft.blank(start, labels.end())


def _assembly(draft: Draft) -> None:
    """Blank ``asm`` with its operands; the semicolon behind it stays."""
    text = bytes(draft.out)
    for match in _ASM.finditer(text):
        end = group_end(text, match.end() - 1)
        if end > 0 and not draft.quoted(match.start()):
            draft.blank(match.start(), end)
            draft.mark(MarkKind.STATEMENT, match.start(), end, b"asm")


def _typeofs(draft: Draft) -> None:
    """``typeof(x)`` becomes ``struct T_``, which is a type wherever one is wanted."""
    text = bytes(draft.out)
    done = 0
    for match in _TYPEOF.finditer(text):
        start = match.start()
        if start < done:
            continue
        end = group_end(text, match.end() - 1)
        if end < 0 or end - start < 8 or draft.quoted(start):
            continue
        done = end
        made_type(draft, start, end, b"typeof")


def _offsetofs(draft: Draft) -> None:
    """``offsetof()`` with more than a plain member becomes one identifier."""
    text = bytes(draft.out)
    for match in _OFFSETOF.finditer(text):
        if _OFFSETOF_PLAIN.match(text, match.start()):
            continue
        end = group_end(text, match.end() - 1)
        if end > 0:
            draft.put(match.start(), end, b"offsetof_")
            draft.mark(MarkKind.TYPE, match.start(), end, b"offsetof")


def statement_calls(draft: Draft, body: int) -> None:
    """Calls at the start of a statement that no semicolon follows: loops, and statement macros."""
    out = draft.out
    search = _STATEMENT_CALL.search
    match = search(out, body)
    while match is not None:
        name = match.group(1)
        start, end = match.span(1)
        stop = match.end(2)
        if out[match.start()] == 0x0A and not _starts_statement(out, match.start()):
            pass  # a line that continues an expression or an initialiser
        elif out[match.start()] == 0x7B and out[: match.start()].rstrip().endswith(b"="):
            # An element that brings its own comma, or nothing: { NAMED("x") 1, 2 }
            draft.blank(start, stop)
            draft.mark(MarkKind.ATTRIBUTE, start, stop, name)
        elif match.group(3) == b"{":
            loop(draft, start, end, stop)
        elif match.group(3) in b"*(+-":
            # An operator too: ``for_each(x) *p++ = 1;``, but ``f(x) * 2`` may go on with an expression.
            below = b"\n" in out[stop : match.start(3)] and LOOP_NAME.match(name) is not None
            if below or EACH_NAME.match(name) or draft.shape(name) is Shape.LOOP:
                loop(draft, start, end, stop)
        else:
            _followed_by_word(draft, start, end, stop, match.group(3) + match.group(4), match.start(3))
        match = search(out, stop - 1)
    if b"_each" in out:
        _loop_ends(draft)


def _starts_statement(out: bytearray, at: int) -> bool:
    """Can a statement start on the line behind the line end at ``at``?"""
    while at and out[at - 1] in b" \t\r\n":
        at -= 1
    return out[at - 1] in b";{}:)" or word_before(out, at) in (b"else", b"do")


def _loop_ends(draft: Draft) -> None:
    """``} while_each_thread(…);`` ends ``do {``, as a while, or ``do_each_thread(…) {``, as nothing."""
    text = bytes(draft.out)
    for match in _LOOP_END.finditer(text):
        stop = group_end(text, match.end() - 1)
        if stop < 0:
            continue
        opening = opening_bracket(text, match.start(), 0)
        if opening >= 0 and word_before(text, opening) == b"do":
            loop(draft, match.start(1), match.end(1), stop)
        elif match.group(1).startswith(b"while"):
            _blank_statement(draft, match.start(1), stop)


def _blank_statement(draft: Draft, start: int, stop: int) -> None:
    """Blank a macro use and the semicolon behind it."""
    name = _NAME.match(draft.original, start)
    rest = _SEMICOLON.match(draft.out, stop)
    if rest is not None:
        stop = rest.end()
    draft.blank(start, stop)
    draft.mark(MarkKind.STATEMENT, start, stop, name.group() if name else b"")


def loop(draft: Draft, start: int, end: int, stop: int) -> None:
    """The macro name at ``[start, end)`` with arguments up to ``stop`` has a statement behind it."""
    name = bytes(draft.original[start:end])
    if end - start >= 5:
        draft.put(start, end, b"while")
    elif end - start >= 2:
        draft.put(start, end, b"if")
    else:
        return
    draft.mark(MarkKind.LOOP, start, stop, name)
    arguments = bytes(draft.out[draft.out.index(b"(", end) + 1 : stop - 1])
    if not arguments.strip():
        word = b"while(1)" if stop - start >= 8 else b"if(1)"
        if draft.room(start, stop) >= len(word):
            draft.put(start, stop, word)


def _followed_by_word(draft: Draft, start: int, end: int, stop: int, word: bytes, word_at: int) -> None:
    """``name(…) word``: a loop, a statement without semicolon, a type or an attribute."""
    out = draft.out
    name = bytes(out[start:end])
    shape = draft.shape(name)
    if shape is None:
        if LOOP_NAME.match(name):
            shape = Shape.LOOP
        elif word == b"else":
            shape = Shape.STATEMENT
        elif b"\n" not in out[stop:word_at]:
            shape = _same_line(out, name, word, word_at)
        else:
            deeper = _column(out, word_at) > _column(out, start)
            shape = Shape.LOOP if deeper else Shape.STATEMENT
    if shape is Shape.LOOP:
        loop(draft, start, end, stop)
    elif shape is Shape.ATTRIBUTE:
        draft.blank(start, stop)
        draft.mark(MarkKind.ATTRIBUTE, start, stop, name)
    elif shape is Shape.TYPE:
        made_type(draft, start, stop, name)
    else:
        finish_statement(draft, start, stop)


def _same_line(out: bytearray, name: bytes, word: bytes, word_at: int) -> Shape:
    """The likely shape of ``name(…) word`` on one line."""
    if word in STATEMENT_WORDS:
        return Shape.LOOP if not name.isupper() else Shape.STATEMENT
    after = _AFTER.match(out, word_at + len(word))
    following = after.group(1) if after is not None else b""
    if following in (b";", b"=", b"[", b",", b":"):
        return Shape.TYPE
    return Shape.STATEMENT


def made_type(draft: Draft, start: int, end: int, name: bytes) -> None:
    """``[start, end)`` is a type: ``struct TTT`` is one wherever one is wanted."""
    room = draft.room(start, end)
    if room < 8:
        return
    draft.put(start, end, b"struct " + b"T" * (room - 7))
    draft.mark(MarkKind.TYPE, start, end, name)


def finish_statement(draft: Draft, start: int, stop: int) -> None:
    """Put a semicolon into the blanks behind the macro use; without any, blank the use."""
    out = draft.out
    at = stop
    while at < len(out) and out[at] in b" \t\n\r":
        if out[at] in b" \t":
            out[at] = 0x3B
            return
        at += 1
    if start < stop:
        name = _NAME.match(out, start)
        draft.mark(MarkKind.STATEMENT, start, stop, name.group() if name else b"")
        draft.blank(start, stop)


def _column(text: bytes | bytearray, at: int) -> int:
    line = text.rfind(b"\n", 0, at) + 1
    column = 0
    for character in text[line:at]:
        column = column + 8 - column % 8 if character == 9 else column + 1
        if character not in b" \t":
            return column
    return column


def _type_arguments(draft: Draft, body: int) -> None:
    """Types as macro arguments become identifiers; casts and parameter lists stay."""
    out = draft.out
    text = bytes(out)
    for match in _TYPE_ARGUMENT.finditer(text, body):
        start, end = match.span(1)
        opening = match.start()
        alone = text[opening] == 0x28 and text[match.end()] == 0x29
        if text[opening] != 0x28:
            opening = opening_bracket(text, opening, body)
            if opening < 0 or text[opening] != 0x28:
                continue
        name = word_before(text, opening)
        if not name or (name in KEYWORDS and (alone or name not in (b"while", b"if"))):
            continue
        draft.word(start, end)
        draft.mark(MarkKind.TYPE, start, end, b"type")


def opening_bracket(text: bytes | bytearray, at: int, lowest: int) -> int:
    """The offset of the bracket that is open at ``at``; -1 where there is none behind ``lowest``."""
    depth = 0
    for index in range(at - 1, lowest - 1, -1):
        character = text[index]
        if character in b")]}":
            depth += 1
        elif character in b"([{":
            if not depth:
                return index
            depth -= 1
    return -1


def word_before(text: bytes | bytearray, at: int) -> bytes:
    """The identifier right before offset ``at``; b"" where something else stands there."""
    end = at
    while end and text[end - 1] in b" \t\n\r":
        end -= 1
    start = end
    while start and (text[start - 1] in _WORD_BYTES):
        start -= 1
    word = bytes(text[start:end])
    return b"" if word[:1].isdigit() else word


_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$")
