"""Which files mention a word, remembered: a search is made once for a word and a state of a file.

What is kept for a word refers to the base of :mod:`~gfplint.kernel.tables`: the numbers of its files that
have the word, and of those that were not as in the base when the word was searched for. A later run searches
these, if they are again as in the base, and the files that aren't.

Reading the files is what a search costs. So words that somebody is likely to ask for are looked for along
with others: when the tree is scanned, and whenever all of it is searched anyway.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING

from gfplint.kernel.search import STORED, checked_mentions
from gfplint.kernel.tables import Tables, position

if TYPE_CHECKING:
    from gfplint.cache.store import Store

_KIND = "mentions"
_Kept = tuple[list[int], list[int]]
_MOST_ALONG = 50
"""Words up to which others are looked for along with those that are wanted; a field counts twice. So many
cost little more than the reading, a few more cost three times as much.
"""


class Mentions:
    """Searches of one tree's files."""

    def __init__(self, root: str, jobs: int, tables: Tables, store: Store | None) -> None:
        self._root = root
        self._jobs = jobs
        self._tables = tables
        self._store = store
        self._expected: dict[str, None] = {}
        self.expected_of: list[Callable[[], Iterable[str]]] = []
        """Who knows further words, asked when a search is made."""
        self._whole: dict[str, tuple[str, ...]] = {}
        """By word the sorted files of the whole index that contain it."""
        self.searched = 0
        """How often many files were searched."""

    def expect(self, words: Iterable[str]) -> None:
        """Somebody may ask where in the tree these are."""
        fresh = [word for word in words if word and word not in self._whole]
        self._expected.update(dict.fromkeys(fresh))
        self._tables.expect(fresh)

    def find(
        self, words: Sequence[str], under: str, paths: Sequence[str], covered: bool
    ) -> dict[str, tuple[str, ...]]:
        """For each word the sorted files among ``paths``, all those below ``under``, that contain it.

        ``covered``: whether the index covers these paths. All of them where ``under`` is empty.
        """
        if self._store is not None or self._expected:
            self._tables.open()
            self._take_scanned()
        found: dict[str, tuple[str, ...]] = {}
        if covered:
            for word in words:
                files = self._whole.get(word)
                if files is not None:
                    found[word] = _among(paths, files) if under else files
        known = self._known([word for word in words if word not in found], under)
        whole: dict[str, _Kept] = {}
        if covered and under:
            whole = self._known([word for word in words if word not in found and word not in known], "")
        missing = [word for word in words if not (word in found or word in known or word in whole)]
        if missing:
            further = [] if under else self._take_expected(missing)
            self.searched += 1
            fresh, changed = self._search([*missing, *further], paths, self._tables.identities)
            self._keep(fresh, changed, under)
            found.update((word, fresh[word]) for word in missing)
            if not under:
                self._whole.update(fresh)
        if known or whole:
            corrected = self._corrected(known | whole, paths)
            found.update((word, _among(paths, corrected.pop(word))) for word in whole)
            found.update(corrected)
        return found

    def _search(
        self, words: Sequence[str], paths: Sequence[str], identities: Mapping[str, bytes]
    ) -> tuple[dict[str, tuple[str, ...]], list[str]]:
        """The files with each word, and those that aren't as the run's snapshot says."""
        if self._tables.key is None:
            identities = {}
        found, changed = checked_mentions(self._root, paths, words, self._jobs, identities)
        self._tables.torn |= bool(changed)
        return found, changed

    def _take_expected(self, missing: Sequence[str]) -> list[str]:
        """The words to look for along with those that are missing."""
        asked, self.expected_of = self.expected_of, []
        for words in asked:
            self.expect(words())
        likely = [word for word in self._expected if word not in missing and word not in self._whole]
        room = accumulate(1 + word.startswith(STORED) for word in [*missing, *likely])
        last = sum(used <= _MOST_ALONG for used in islice(room, len(missing), None))
        further, rest = likely[:last], likely[last:]
        self._expected = dict.fromkeys(rest)
        known = self._known(further, "")
        return [word for word in further if word not in known]

    def _take_scanned(self) -> None:
        """Take over, once, what the scan of the tree has found beside its own."""
        found = self._tables.mentioned
        if found:
            self._keep(found, (), "")
            self._whole.update(found)
            self._tables.mentioned = {}

    def is_known(self, word: str) -> bool:
        """Whether a search for a word in all files is already made."""
        self._tables.open()
        self._take_scanned()
        return not word or word in self._whole or bool(self._known([word], ""))

    def in_base(self, word: str, under: str) -> frozenset[int] | None:
        """The numbers of the files of the base, those at or below ``under``, that may have contained a word
        when the base was made; None where nobody knows.
        """
        for place in dict.fromkeys([under, ""]):
            known = self._known([word], place)
            if known:
                return frozenset(chain.from_iterable(known[word]))
        return None

    # ------------------------------------------------------------------------------------ keeping

    def _known(self, words: Sequence[str], under: str) -> dict[str, _Kept]:
        """What earlier runs have found for words."""
        store, key = self._store, self._tables.key
        known: dict[str, _Kept] = {}
        if store is None or key is None:
            return known
        prefix = key + under.encode() + b"\0"
        for word in words:
            data = store.get(_KIND, prefix + word.encode())
            if data is not None:
                known[word] = marshal.loads(data)
        return known

    def _keep(self, found: dict[str, tuple[str, ...]], changed: Iterable[str], under: str) -> None:
        store, tables = self._store, self._tables
        if store is None or tables.key is None:
            return
        prefix = tables.key + under.encode() + b"\0"
        fresh = frozenset(tables.fresh)
        # A file that is saved while we search may have been read before or after.
        unsearched = sorted({*tables.gone, *self._numbers(changed)})
        for word, files in found.items():
            hits = self._numbers(path for path in files if path not in fresh)
            store.put(_KIND, prefix + word.encode(), marshal.dumps((hits, unsearched), 2))

    def _corrected(self, known: dict[str, _Kept], inside: Sequence[str]) -> dict[str, tuple[str, ...]]:
        base, gone = self._tables.base, self._tables.gone
        possible = set(self._tables.fresh)
        for _, unsearched in known.values():
            possible.update(base[number] for number in unsearched if number not in gone)
        again = [path for path in possible if position(inside, path) is not None]
        new: dict[str, tuple[str, ...]] = {}
        if again:
            identities = {path: self._tables.identity(path) or b"" for path in again}
            new, _ = self._search(list(known), sorted(again), identities)
        return {
            word: tuple(
                sorted({*(base[number] for number in hits if number not in gone), *new.get(word, ())})
            )
            for word, (hits, _) in known.items()
        }

    def _numbers(self, paths: Iterable[str]) -> list[int]:
        """The numbers of those of the files that are in the base."""
        return [number for path in paths if (number := self._tables.number(path)) is not None]


def _among(paths: Sequence[str], files: Iterable[str]) -> tuple[str, ...]:
    """Those of the files that are among the sorted paths."""
    return tuple(path for path in files if position(paths, path) is not None)
