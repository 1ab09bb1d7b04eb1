"""The little that must be known about C's tokens before anything can be parsed.

What comes in: bytes of a C file, in any encoding, however broken. What goes out: comments blanked at
the same length, the ends of bracketed groups, arguments of a macro's use. Nothing here raises.

Everything keeps offsets: the result of each function is as long as its input, and newlines stay
where they were.
"""

from __future__ import annotations

import re

TO_BLANK = bytes(c if c in b"\n\r" else 0x20 for c in range(256))
"""Translation table: everything becomes a space except line ends."""

COMMENT_OR_STRING = re.compile(
    rb"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/"
    rb"|/\*.*\Z"
    rb"|//[^\n\\]*(?:\\(?:\r?\n|.)?[^\n\\]*)*"
    rb'|"[^"\\\n]*(?:\\(?:\r?\n|.)[^"\\\n]*)*"'
    rb"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'",
    re.DOTALL,
)
STRING = rb'"[^"\\\n]*(?:\\(?:\r?\n|[^\n])[^"\\\n]*)*"|' rb"'[^'\\\n]*(?:\\.[^'\\\n]*)*'"
_GROUP_TOKEN = re.compile(STRING + rb"|[()\[\]{}]", re.DOTALL)
_BRACE_TOKEN = re.compile(STRING + rb"|[{}]", re.DOTALL)
_ARGUMENT_TOKEN = re.compile(STRING + rb"|[()\[\]{},]", re.DOTALL)


def blank(data: bytes) -> bytes:
    """``data`` with everything but line ends replaced by spaces."""
    return data.translate(TO_BLANK)


def strip_comments(data: bytes) -> bytes:
    """``data`` with comments blanked.

    A comment of several lines inside a preprocessor directive does not end the directive, so there
    the last blank of each of its lines becomes a backslash.
    """
    parts: list[bytes] = []
    done = 0
    for match in COMMENT_OR_STRING.finditer(data):
        start = match.start()
        if data[start] != 0x2F:  # a string or a character
            continue
        comment = match.group()
        white = comment.translate(TO_BLANK)
        if b"\n" in comment and comment[1] == 0x2A:
            line = data.rfind(b"\n", 0, start) + 1
            before = data[line:start].lstrip()
            if before[:1] == b"#" or (line > 1 and data[line - 2 : line - 1] == b"\\"):
                white = white.replace(b" \n", b"\\\n").replace(b" \r\n", b"\\\r\n")
        parts.append(data[done:start])
        parts.append(white)
        done = match.end()
    if not parts:
        return data
    parts.append(data[done:])
    return b"".join(parts)


def group_end(text: bytes, start: int, limit: int | None = None) -> int:
    """The offset behind the bracket that closes the one at ``start``; -1 where none does.

    Brackets of another kind inside are counted without being matched against each other, so that a
    slip in one of them does no harm.
    """
    opening = text[start : start + 1]
    closing = {b"(": b")", b"[": b"]", b"{": b"}"}[opening]
    depth = 0
    stop = len(text) if limit is None else limit
    for match in _GROUP_TOKEN.finditer(text, start, stop):
        token = match.group()
        if token == opening:
            depth += 1
        elif token == closing:
            depth -= 1
            if not depth:
                return match.end()
    return -1


def body_end(text: bytes, start: int, limit: int, function: bool = False) -> int:
    """The offset behind the ``}`` that closes the ``{`` at ``start``.

    Kernel style ends a function with ``}`` in the first column, which makes the usual case of a
    ``function`` two searches (unless its own ``{`` is indented, or another one before that ``}`` is not:
    then ends are indented). Where braces don't balance at all, that column decides; -1 where there is no end.
    """
    near = text.find(b"}", start + 1, limit)
    if near < 0:
        return -1
    if (
        text.find(b"{", start + 1, near) < 0
        and text.find(b'"', start, near) < 0
        and text.find(b"'", start, near) < 0
    ):
        return near + 1
    far = text.find(b"\n}", start, limit)
    if (
        function
        and far > 0
        and text[start + 1 : start + 2] in b"\r\n"
        and (text[start - 1 : start] == b"\n" or text[text.rfind(b"\n", 0, start) + 1 : start].strip())
        and text.find(b"\n{", start, far) < 0
        and text.count(b"{", start, far) == text.count(b"}", start, far) + 1
    ):
        return far + 2
    depth = 0
    for match in _BRACE_TOKEN.finditer(text, start, limit):
        token = match.group()
        if token == b"{":
            depth += 1
        elif token == b"}":
            depth -= 1
            if not depth:
                return match.end()
    return far + 2 if far > 0 else -1


def split_arguments(text: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """(start, end) of each argument of the group whose ``(`` is at ``start`` and which ends before
    ``end``, blanks around them left out. ``f()`` has one argument, an empty one, as C has it.
    """
    result: list[tuple[int, int]] = []
    depth = 0
    begin = start + 1
    for match in _ARGUMENT_TOKEN.finditer(text, start, end):
        token = match.group()
        if token in b"([{":
            depth += 1
        elif token in b")]}":
            depth -= 1
        elif token == b"," and depth == 1:
            result.append(_trim(text, begin, match.start()))
            begin = match.end()
    result.append(_trim(text, begin, max(begin, end - 1)))
    return result


def _trim(text: bytes, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    return (start + left, start + max(left, right))
