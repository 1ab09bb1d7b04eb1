"""Comments that speak to gfplint: ``/* gfplint: allow GFP001: why it is all right here */``.

What comes in: a split file. What goes out: each such comment with the lines that it covers. Nothing here
raises, and nothing is known of rules: a word that names none is handed on as it is.

A comment speaks to gfplint where one of its lines begins with ``gfplint:``. What follows on its next lines,
up to an empty one, belongs to the reason. It covers

- the whole function, where it stands on the lines of a definition's head or in the comments directly above,
- else the statement that it stands behind,
- else, alone on its line, the statement that begins on the next line that isn't a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gfplint.frontend.items import ItemKind
from gfplint.frontend.lexical import COMMENT_OR_STRING
from gfplint.frontend.source import SourceFile

MARK = b"gfplint:"
"""What a file must contain to be worth a look."""

_DIRECTIVE = re.compile(
    r"gfplint:\s*(?P<verb>\w*)\s*(?P<rules>[^:]*?)\s*(?::\s*(?P<reason>.*))?\Z", re.DOTALL
)
_DECORATION = re.compile(r"\A[\s*]+|[\s*]+\Z")
_DELIMITER = re.compile(rb"[;{}]")


@dataclass(frozen=True, slots=True)
class Directive:
    """A comment for gfplint as it is written.

    ``verb`` is ``allow`` in those that make sense. ``rules`` are the words between it and the second colon,
    ``reason`` what stands behind that. ``line`` and ``column`` are its own; the lines ``first`` to ``last``
    are covered, none where ``last`` is less than ``first``.
    """

    verb: str
    rules: tuple[str, ...]
    reason: str
    line: int
    column: int
    first: int
    last: int


@dataclass(slots=True)
class _Comment:
    """One comment, or several ``//`` on successive lines of their own; byte offsets."""

    start: int
    end: int


def directives(file: SourceFile) -> list[Directive]:
    """Every comment for gfplint of the file, in order."""
    if MARK not in file.data:
        return []
    found = []
    for comment in _comments(file.data):
        for offset, text in _spoken(file.data, comment):
            match = _DIRECTIVE.match(text)
            assert match is not None
            line, column = file.position(offset)
            first, last = _covered(file, comment)
            rules = tuple(word for word in re.split(r"[\s,]+", match["rules"]) if word)
            reason = " ".join((match["reason"] or "").split())
            found.append(Directive(match["verb"], rules, reason, line, column, first, last))
    return found


def _comments(data: bytes) -> Iterator[_Comment]:
    """The comments of the file, those in strings left out."""
    open_run: _Comment | None = None
    for match in COMMENT_OR_STRING.finditer(data):
        if data[match.start()] != 0x2F:
            continue
        comment = _Comment(match.start(), match.end())
        short = data.startswith(b"//", comment.start) and not _before(data, comment.start)
        if open_run is not None:
            between = data[open_run.end : comment.start]
            if short and between.count(b"\n") == 1 and not between.strip():
                open_run.end = comment.end
                continue
            yield open_run
            open_run = None
        if short:
            open_run = comment
        else:
            yield comment
    if open_run is not None:
        yield open_run


def _spoken(data: bytes, comment: _Comment) -> Iterator[tuple[int, str]]:
    """What the comment says to gfplint: offset of the word, and the text with its lines joined."""
    words: list[str] = []
    began = -1
    at = comment.start
    for raw in data[comment.start : comment.end].splitlines(keepends=True):
        text = raw.decode("utf-8", "replace")
        bare = text.strip()
        if at == comment.start or bare.startswith("//"):
            bare = re.sub(r"\A/[/*]", "", bare)
        bare = _DECORATION.sub("", bare.removesuffix("*/"))
        begins = bare.startswith("gfplint:")
        if words and (begins or not bare):
            yield began, " ".join(words)
            words = []
        if begins:
            began = at + raw.find(MARK)
        if begins or words:
            words.append(bare)
        at += len(raw)
    if words:
        yield began, " ".join(words)


def _before(data: bytes, offset: int) -> bytes:
    """What stands before ``offset`` on its line, blanks left out."""
    return data[data.rfind(b"\n", 0, offset) + 1 : offset].strip()


def _covered(file: SourceFile, comment: _Comment) -> tuple[int, int]:
    """The first and the last line that the comment covers; (1, 0) where there is no code beside it."""
    text = file.text
    start = text.rfind(b"\n", 0, comment.start) + 1
    stop = text.find(b"\n", comment.end)
    stop = len(text) if stop < 0 else stop
    behind = bool(text[start : comment.start].strip())
    if behind:
        code = start + _blanks(text[start:])
    elif text[comment.end : stop].strip():
        code = comment.end + _blanks(text[comment.end :])
    else:
        code = _next_code(file, stop)
        if code < 0:
            return (1, 0)
    for item in file.items:
        if item.kind is ItemKind.FUNCTION and item.start <= code < item.end:
            if code <= _brace(text, item.name_at, item.end):
                return (_line(file, item.start), _line(file, item.end - 1))
            break
    if behind:
        before = [match.end() for match in _DELIMITER.finditer(text, max(0, code - 4000), code)]
        begin = before[-1] if before else code
        begin += _blanks(text[begin:])
        return (_line(file, min(begin, code)), _line(file, comment.start))
    end = _DELIMITER.search(text, code)
    return (_line(file, code), _line(file, end.start()) if end else _line(file, code))


def _next_code(file: SourceFile, stop: int) -> int:
    """The offset of the code on the next line that is no comment; -1 where an empty line comes first.

    Directives are as blank as comments in the file's text, and may stand between.
    """
    at = stop + 1
    while at < len(file.data):
        end = file.data.find(b"\n", at)
        end = len(file.data) if end < 0 else end
        if file.text[at:end].strip():
            return at + _blanks(file.text[at:end])
        if not file.data[at:end].strip():
            return -1
        at = end + 1
    return -1


def _brace(text: bytes, name_at: int, end: int) -> int:
    """Where the body of a definition begins."""
    brace = text.find(b"{", name_at, end)
    return brace if brace >= 0 else end


def _blanks(text: bytes) -> int:
    return len(text) - len(text.lstrip())


def _line(file: SourceFile, offset: int) -> int:
    return file.position(offset)[0]
