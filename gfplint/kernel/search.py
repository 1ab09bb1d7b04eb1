"""Which files mention a word: plain search over the bytes of many files, for all words at once.

The library's automaton goes over a kernel tree's text at 8 GB/s for ten words, at 0.5 GB/s for three hundred.
Cutting the text into words, the best that Python alone can do for many, goes at 0.17.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from gfplint.kernel.files import examine
from gfplint.kernel.scan import WORD_BYTES
from gfplint.kernel.workers import spread


def checked_mentions(
    root: str, paths: Sequence[str], words: Sequence[str], jobs: int, identities: Mapping[str, bytes]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """For each word the sorted paths of the files that contain it as a whole identifier, or for a field after
    :data:`STORED` may store into it; and those of the paths whose content isn't the one of these identities,
    if there are any.

    Comments and strings count. Register lists (see :mod:`~gfplint.kernel.files`) and files that can't be
    read contain nothing.
    """
    words = [word for word in dict.fromkeys(words) if word]
    inside = finder(words)

    def work(part: Sequence[str]) -> tuple[list[tuple[int, str]], list[str]]:
        hits: list[tuple[int, str]] = []
        others: list[str] = []
        for path in part:
            data, _, identity = examine(root, path)
            if identities and identities.get(path) != identity:
                others.append(path)
            hits.extend([(number, path) for number in inside(data)])
        return hits, others

    found: dict[str, list[str]] = {word: [] for word in words}
    changed: list[str] = []
    # Below a few hundred files, starting a process costs more than it saves.
    for hits, others in spread(work, paths, jobs if len(paths) > 400 else 1):
        changed += others
        for number, path in hits:
            found[words[number]].append(path)
    return {word: tuple(sorted(files)) for word, files in found.items()}, changed


def finder(words: Sequence[str]) -> Callable[[bytes], set[int]]:
    """A function that says which of some different words, by their numbers, a text has as identifiers."""
    if any(word.startswith(STORED) for word in words):
        return _finder_of_stores(words)
    find = _automaton([word.encode() for word in words])

    def inside(data: bytes) -> set[int]:
        found: set[int] = set()
        size = len(data)
        for number, start, end in find(data):
            if (
                number not in found
                and number < len(words)
                and (start == 0 or data[start - 1] not in WORD_BYTES)
                and (end >= size or data[end] not in WORD_BYTES)
            ):
                found.add(number)
        return found

    return inside


def _automaton(words: Sequence[bytes]) -> Callable[[bytes], list[tuple[int, int, int]]]:
    """Number, beginning and end of what is found in a text. No word but an identifier's whole text begins
    where the identifier does and ends where it ends, so the longest match there is it, if any is.
    """
    # Imported here: the library is a megabyte, and a run with a warm cache searches for nothing.
    from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

    return BytesAhoCorasick(
        [*words, *_NOWHERE],
        matchkind=MatchKind.LeftmostLongest,
        implementation=Implementation.DFA if len(words) <= _MOST_DENSE else None,
    ).find_matches_as_indexes


def _finder_of_stores(words: Sequence[str]) -> Callable[[bytes], set[int]]:
    """As :func:`finder`, where there are fields among the words."""
    plain = {word.encode(): number for number, word in enumerate(words) if not word.startswith(STORED)}
    fields = {word[1:].encode(): number for number, word in enumerate(words) if word.startswith(STORED)}
    # Looked for with what is before it: `set` is in most files, `.set` is not. A word that begins as a field
    # does would be hidden by it.
    behind = {*fields, *(word for word in plain if any(word.startswith(field) for field in fields))}
    patterns = [*plain, *(mark + word for mark in (b".", b">") for word in behind)]
    meant = [
        (plain.get(word.lstrip(b".>"), -1), fields.get(word.lstrip(b".>"), -1) if word[0] in b".>" else -1)
        for word in patterns
    ]
    find = _automaton(patterns)

    def inside(data: bytes) -> set[int]:
        found: set[int] = set()
        size = len(data)
        for number, start, end in find(data):
            if number >= len(meant) or (end < size and data[end] in WORD_BYTES):
                continue
            word, field = meant[number]
            mark = data[start]
            if (
                word >= 0
                and word not in found
                and (mark in b".>" or start == 0 or data[start - 1] not in WORD_BYTES)
            ):
                found.add(word)
            if (
                field >= 0
                and field not in found
                and (mark == 0x2E or (start > 0 and data[start - 1] == 0x2D))
                and _STORED_INTO(data, end)
            ):
                found.add(field)
        return found

    return inside


STORED = "="
"""Before a field's name: asks for the files that may store into such a field, ``.f = g`` or ``->f = g``. They
are no fewer than those in which :func:`gfplint.kernel.scan.locate_stores` finds something.
"""
_STORED_INTO = re.compile(rb"[ \t]*+(?>(?:\[[^\]\n;]*+\][ \t]*+)?)=(?!=)").match
_NOWHERE = tuple(bytes([byte]) * 4 for byte in range(1, 5))
"""Looked for beside the words, and in no source. Where up to three bytes are in all words, or begin them,
the library looks for these bytes: but they are in most lines, and it is forty times slower than it can be.
"""
_MOST_DENSE = 500
"""Words whose automaton may be the large, fast one: some megabytes."""
