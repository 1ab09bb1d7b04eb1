"""Which files mention a word, remembered: a search is made once for a word and a state of a file.

What is kept for a word refers to the base of :mod:`~gfplint.kernel.tables`: the numbers of its files that
have the word, and of those that were not as in the base when the word was searched for. A later run searches
these, if they are again as in the base, and the files that aren't.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gfplint.kernel.search import checked_mentions, mentions
from gfplint.kernel.tables import Tables, position

if TYPE_CHECKING:
    from gfplint.cache.store import Store

_KIND = "mentions"


class Mentions:
    """Searches of one tree's files."""

    def __init__(self, root: str, jobs: int, tables: Tables, store: Store | None) -> None:
        self._root = root
        self._jobs = jobs
        self._tables = tables
        self._store = store

    def find(self, words: Sequence[str], under: str, paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each word the sorted files among ``paths``, all those below ``under``, that contain it."""
        store, tables = self._store, self._tables
        if store is not None:
            tables.open()
        if store is None or tables.key is None:
            return mentions(self._root, paths, words, self._jobs)
        prefix = tables.key + under.encode() + b"\0"
        known: dict[str, tuple[list[int], list[int]]] = {}
        for word in words:
            data = store.get(_KIND, prefix + word.encode())
            if data is not None:
                known[word] = marshal.loads(data)
        missing = [word for word in words if word not in known]
        found: dict[str, tuple[str, ...]] = {}
        if missing:
            identities = tables.identities
            found, changed = checked_mentions(self._root, paths, missing, self._jobs, identities)
            tables.torn |= bool(changed)
            fresh = frozenset(tables.fresh)
            # A file that is saved while we search may have been read before or after.
            unsearched = sorted({*tables.gone, *self._numbers(changed)})
            for word, files in found.items():
                hits = self._numbers(path for path in files if path not in fresh)
                store.put(_KIND, prefix + word.encode(), marshal.dumps((hits, unsearched), 2))
        if known:
            found.update(self._corrected(known, paths))
        return found

    def _corrected(
        self, known: dict[str, tuple[list[int], list[int]]], inside: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        base, gone = self._tables.base, self._tables.gone
        possible = set(self._tables.fresh)
        for _, unsearched in known.values():
            possible.update(base[number] for number in unsearched if number not in gone)
        again = [path for path in possible if position(inside, path) is not None]
        new: dict[str, tuple[str, ...]] = {}
        if again:
            identities = {path: self._tables.identity(path) or b"" for path in again}
            new, changed = checked_mentions(self._root, sorted(again), list(known), self._jobs, identities)
            self._tables.torn |= bool(changed)
        return {
            word: tuple(
                sorted({*(base[number] for number in hits if number not in gone), *new.get(word, ())})
            )
            for word, (hits, _) in known.items()
        }

    def _numbers(self, paths: Iterable[str]) -> list[int]:
        """The numbers of those of the files that are in the base."""
        return [number for path in paths if (number := self._tables.number(path)) is not None]
