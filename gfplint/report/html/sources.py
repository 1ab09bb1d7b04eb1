"""The source lines around a place, read from the tree while the report is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache

from gfplint.findings import Place

CONTEXT = 2
"""Lines shown before and after."""
_LONGEST = 300
_LARGEST = 16 << 20
"""Bytes of a file, above which it is no source that anybody reads."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: its number and its text, what is meant apart from what stands around it."""

    number: int
    before: str
    marked: str = ""
    after: str = ""
    current: bool = False


class Sources:
    """The files below a root. Whatever can't be read has no lines; the report is still worth having."""

    def __init__(self, root: str | None) -> None:
        self._root = os.path.realpath(root) if root else None
        self._lines = lru_cache(maxsize=64)(self._read)

    def around(self, place: Place) -> list[Line]:
        """The line of the place and up to `CONTEXT` on either side, the outer blank ones left out."""
        lines = self._lines(place.path)
        if not 0 < place.line <= len(lines):
            return []
        first = max(place.line - CONTEXT, 1)
        last = min(place.line + CONTEXT, len(lines))
        while first < place.line and not lines[first - 1].strip():
            first += 1
        while last > place.line and not lines[last - 1].strip():
            last -= 1
        return [
            _marked(number, lines[number - 1], place)
            if number == place.line
            else _plain(number, lines[number - 1])
            for number in range(first, last + 1)
        ]

    def _read(self, path: str) -> list[str]:
        """The file's lines, as its line numbers count them; none of what is no source.

        An absolute path is a file that was checked outside of the tree; a relative one can't lead out of it.
        """
        if self._root is None:
            return []
        full = os.path.normpath(os.path.join(self._root, path))
        if not os.path.isabs(path) and not full.startswith(self._root.rstrip("/") + "/"):
            return []
        try:
            if not os.path.isfile(full) or os.path.getsize(full) > _LARGEST:
                return []
            with open(full, "rb") as stream:
                text = stream.read().decode("utf-8", "replace")
        except (OSError, ValueError):
            return []
        return [line.removesuffix("\r") for line in text.split("\n")]


def _plain(number: int, text: str) -> Line:
    return Line(number, _cut(text))


def _marked(number: int, text: str, place: Place) -> Line:
    """The line, what is between the columns apart: a word where no end is known, nothing without a column."""
    start = place.column - 1
    if not 0 <= start < min(len(text), _LONGEST):
        return Line(number, _cut(text), current=True)
    end = place.end_column - 1 if place.end_column > place.column else _word(text, start)
    return Line(number, text[:start], text[start:end], _cut(text[end:]), current=True)


def _word(text: str, start: int) -> int:
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return max(end, start + 1)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
