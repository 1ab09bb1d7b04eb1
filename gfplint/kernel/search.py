"""Which files mention a word: plain search over the bytes of many files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gfplint.kernel.files import examine
from gfplint.kernel.scan import occurrences
from gfplint.kernel.workers import spread

MANY = 40
"""From so many words on, cutting every file into its words (0.18 GB/s) is faster than searching it for each
word (4 GB/s a word); it takes the same time for a thousand.
"""

_WORDS_ONLY = bytes(
    byte if (chr(byte).isalnum() and byte < 128) or byte == 0x5F else 0x20 for byte in range(256)
)


def mentions(root: str, paths: Sequence[str], words: Sequence[str], jobs: int) -> dict[str, tuple[str, ...]]:
    """For each word the sorted paths of the files that contain it as a whole identifier.

    Comments and strings count. Register lists (see :mod:`~gfplint.kernel.files`)
    and files that can't be read contain nothing.
    """
    return checked_mentions(root, paths, words, jobs, {})[0]


def checked_mentions(
    root: str, paths: Sequence[str], words: Sequence[str], jobs: int, identities: Mapping[str, bytes]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """As :func:`mentions`, and those of the paths whose content isn't the one of these identities."""
    encoded = sorted({word.encode() for word in words})
    wanted = frozenset(encoded)
    pieces = _pieces(encoded)
    if len(encoded) < MANY:

        def inside(data: bytes) -> Iterable[bytes]:
            for piece, having in pieces:
                if piece in data:
                    for word in having:
                        if word in data and next(occurrences(data, word), None) is not None:
                            yield word

    else:

        def inside(data: bytes) -> Iterable[bytes]:
            return wanted.intersection(data.translate(_WORDS_ONLY).split())

    def work(part: Sequence[str]) -> tuple[list[tuple[bytes, str]], list[str]]:
        hits: list[tuple[bytes, str]] = []
        others: list[str] = []
        for path in part:
            data, _, identity = examine(root, path)
            if identities and identities.get(path) != identity:
                others.append(path)
            hits.extend([(word, path) for word in inside(data)])
        return hits, others

    found: dict[str, list[str]] = {word: [] for word in words}
    changed: list[str] = []
    # Below a few hundred files, starting a process costs more than it saves.
    for hits, others in spread(work, paths, jobs if len(paths) > 400 else 1):
        changed += others
        for word, path in hits:
            found[word.decode()].append(path)
    return {word: tuple(sorted(files)) for word, files in found.items()}, changed


def _pieces(words: Sequence[bytes]) -> list[tuple[bytes, list[bytes]]]:
    """A few pieces of text, and with each one the words that contain it; every word is with one of them.

    Searching a file for ``notifier`` and ``shrinker`` says of nearly all files that none of ten names of
    registering functions is in them.
    """
    left = list(words)
    result: list[tuple[bytes, list[bytes]]] = []
    while left:
        having: dict[bytes, list[bytes]] = {}
        for word in left:
            for piece in {
                word[start:end]
                for start in range(len(word))
                for end in range(start + min(_SHORTEST, len(word)), len(word) + 1)
            }:
                having.setdefault(piece, []).append(word)
        best = max(having, key=lambda piece: (len(having[piece]), len(piece), piece))
        result.append((best, having[best]))
        taken = frozenset(having[best])
        left = [word for word in left if word not in taken]
    return result


_SHORTEST = 6
"""Bytes of a piece that several words may share: shorter ones are in too many files, and slower to search."""
