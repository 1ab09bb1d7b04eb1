"""The patches of a series, one after the other, made into one change of each file.

A later patch moves the lines that an earlier one added. What comes in: files of unidiff, in the order in
which the patches apply. What goes out: for each path :class:`Composed`, in lines of the file behind the last
patch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unidiff.patch import Hunk, PatchedFile

NOWHERE = "/dev/null"
_COMMENT = re.compile(r"\s*(?:/\*.*\*/\s*|//.*|\*(?:\s.*|/\s*)?|/\*.*)?\Z", re.DOTALL)
"""A line with nothing on it but (part of) a comment, or nothing."""


@dataclass(slots=True)
class Composed:
    """``added`` and ``removed`` as in :class:`gfplint.changes.FileChange`; ``expected`` is what the patches
    say about the file: its lines by number, as far as they show them.
    """

    added: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    expected: dict[int, str] = field(default_factory=dict)


def compose(files: Iterable[PatchedFile]) -> dict[str, Composed]:
    """Every path that is there behind the last patch, as the patches spell it (``b/`` included)."""
    states: dict[str, Composed] = {}
    for file in files:
        before = states.pop(_plain(file.source_file), None) or Composed()
        if file.target_file != NOWHERE:
            states[_plain(file.target_file)] = _after(before, list(file))
    return states


def _plain(name: str) -> str:
    """A file's name without git's quotes, and with the same prefix on either side."""
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].encode("latin-1", "replace").decode("unicode_escape")
        name = name.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
    return "b/" + name[2:] if re.match(r"[aciow1]/", name) else name


def _after(before: Composed, hunks: list[Hunk]) -> Composed:
    moved = _Moved(hunks)
    after = Composed(
        {new for line in before.added if (new := moved.line(line))},
        {moved.gap(line) for line in before.removed},
        {new: text for line, text in before.expected.items() if (new := moved.line(line))},
    )
    for hunk in hunks:
        for added, removed, at in _blocks(hunk):
            after.added.update(number for number, _ in added)
            told = sum(not _COMMENT.match(text) for _, text in added)
            gone = sum(not _COMMENT.match(text) for text in removed)
            if gone > told:
                after.removed.add(at)
        number = _first(hunk.target_start, hunk.target_length)
        for line in hunk.target_lines():
            after.expected[number] = line.value
            number += 1
    return after


def _first(start: int, length: int) -> int:
    """The first line that a side of a hunk covers; an empty side names the line in front of it."""
    return start if length else start + 1


def _blocks(hunk: Hunk) -> Iterator[tuple[list[tuple[int, str]], list[str], int]]:
    """The places where a hunk changes something: lines added, lines removed, and the line behind them."""
    number = _first(hunk.target_start, hunk.target_length)
    added: list[tuple[int, str]] = []
    removed: list[str] = []
    for line in hunk:
        if line.is_added:
            added.append((number, line.value))
            number += 1
        elif line.is_removed:
            removed.append(line.value)
        elif line.is_context:
            if added or removed:
                yield added, removed, number
                added, removed = [], []
            number += 1
    if added or removed:
        yield added, removed, number


class _Moved:
    """Where the lines of a file are after some hunks."""

    def __init__(self, hunks: list[Hunk]) -> None:
        self._kept: dict[int, int] = {}
        self._spans: list[tuple[int, int, int]] = []
        for hunk in hunks:
            old = first = _first(hunk.source_start, hunk.source_length)
            new = _first(hunk.target_start, hunk.target_length)
            for line in hunk:
                if line.is_context:
                    self._kept[old] = new
                old += line.is_context or line.is_removed
                new += line.is_context or line.is_added
            self._spans.append((first, old, new))

    def line(self, old: int) -> int:
        """The new number of a line, 0 for one that is gone."""
        shift = 0
        for first, behind, new in self._spans:
            if old >= behind:
                shift = new - behind
            elif old >= first:
                return self._kept.get(old, 0)
        return old + shift

    def gap(self, old: int) -> int:
        """The new number of the line behind a removal."""
        while not (new := self.line(old)):
            old += 1
        return new
