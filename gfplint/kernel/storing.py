"""Which files may store into a field: from the table of stores, or by searches where the scan left it out.

What comes in: a field's name. What goes out: files, which are candidates: whoever asks looks where in them
the stores are. Searches are kept as those for words are (:mod:`~gfplint.kernel.mentions`).
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from gfplint.kernel import scan
from gfplint.kernel.files import examine
from gfplint.kernel.rows import STORES
from gfplint.kernel.search import STORED, finder

if TYPE_CHECKING:
    from gfplint.cache.store import Store
    from gfplint.kernel.mentions import Mentions
    from gfplint.kernel.tables import Tables

_KIND = "many"
_MOST_APART = 2
"""Searches for stores into one field, beyond which finding all stores costs less."""
_SAMPLE = 4000
"""Files that tell whether a field is stored into at very many places: a tenth of what reading all costs."""


class Storing:
    """Asks for the files of one index. ``inside`` answers those of them at or below a folder."""

    def __init__(
        self,
        root: str,
        inside: Callable[[str], Sequence[str]],
        tables: Tables,
        searches: Mentions,
        store: Store | None,
    ) -> None:
        self._root = root
        self._inside = inside
        self._tables = tables
        self._searches = searches
        self._store = store
        self._apart = 0
        """How often all of the tree was searched for one field that nobody expected."""
        self._many: dict[str, int] = {}
        """By field a number of places that there are at least; 0 where too few were found."""

    def expect(self, fields: Iterable[str]) -> None:
        """Somebody will probably ask for :meth:`files` anywhere."""
        self._searches.expect([STORED + field for field in fields])

    def search(self, fields: Sequence[str], most: int) -> None:
        """It will be asked for the :meth:`files` of these fields that aren't stored into at :meth:`many`
        places: one search finds all.
        """
        if not self._tables.has_stores:
            self._sample(fields)
            self._find([field for field in fields if self._many[field] <= most], "")

    def files(self, field: str, under: str) -> Iterable[str]:
        """The files at or below ``under`` that may store into such a field; or more, of other folders."""
        if not self._tables.has_stores:
            searched = self._searches.searched
            found = self._find([field], under)[STORED + field]
            self._apart += not under and self._searches.searched != searched
            if self._apart > _MOST_APART:
                self._tables.scan_stores()
            return found
        return [path for path, _ in self._tables.rows(STORES, field.encode())]

    def many(self, field: str, most: int) -> bool:
        """Whether there are certainly more places than ``most``."""
        if self._tables.has_stores:
            return False
        self._sample([field])
        return self._many[field] > most

    def in_base(self, field: str, under: str) -> frozenset[int] | None:
        """The numbers of those of the base's files at or below ``under`` that may have stored into such a
        field when it was made; None where nobody knows.
        """
        return self._searches.in_base(STORED + field, under)

    def _find(self, fields: Sequence[str], under: str) -> dict[str, tuple[str, ...]]:
        words = [STORED + field for field in fields]
        return self._searches.find(words, under, self._inside(under), True) if words else {}

    def _sample(self, fields: Iterable[str]) -> None:
        """Count the places in some of the files, if nobody has searched for the field."""
        tables = self._tables
        for field in fields:
            if field not in self._many and self._searches.is_known(STORED + field):
                self._many[field] = 0
        fresh = [field for field in dict.fromkeys(fields) if field not in self._many]
        for field in list(fresh):
            places = self._kept(field)
            if places is not None:
                self._many[field] = sum(count for number, count in places if number not in tables.gone)
                fresh.remove(field)
        if not fresh:
            return
        paths = self._inside("")
        step = max(1, len(paths) // _SAMPLE)
        inside = finder([STORED + field for field in fresh])
        found: list[list[tuple[int, int]]] = [[] for _ in fresh]
        total = [0] * len(fresh)
        for path in paths[step // 2 :: step] if step > 1 else ():
            data, _, identity = examine(self._root, path)
            for each in inside(data):
                count = len(scan.locate_stores(data, fresh[each].encode()))
                number = tables.number(path)
                total[each] += count
                if number is not None:
                    found[each].append((number, count))
            if tables.key is not None:
                tables.torn |= tables.identity(path) != identity
        for field, places, count in zip(fresh, found, total, strict=True):
            self._many[field] = count
            self._keep(field, places)

    def _kept(self, field: str) -> list[tuple[int, int]] | None:
        store, key = self._store, self._tables.key
        data = store.get(_KIND, key + field.encode()) if store is not None and key is not None else None
        return marshal.loads(data) if data is not None else None

    def _keep(self, field: str, places: list[tuple[int, int]]) -> None:
        store, tables = self._store, self._tables
        if store is not None and tables.key is not None and not tables.torn and not tables.fresh:
            store.put(_KIND, tables.key + field.encode(), marshal.dumps(places, 2))
