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
_FEW = 60
"""Files that are worth looking into before a search is made."""
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
        """By field a number of places that there are at least."""
        self._places: dict[str, list[str]] = {}
        """By field some files that may have such places."""

    def expect(self, fields: Iterable[str]) -> None:
        """Somebody will probably ask for :meth:`files` anywhere."""
        self._searches.expect([STORED + field for field in fields])

    def search(self, fields: Sequence[str], most: int) -> None:
        """It will be asked for the :meth:`files` of these fields that aren't stored into at :meth:`many`
        places: one search finds all.
        """
        if not self._tables.has_stores:
            self.sample(fields)
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

    def is_known(self, field: str) -> bool:
        """Whether :meth:`files` anywhere can be answered without a search."""
        return self._tables.has_stores or self._searches.is_known(STORED + field)

    def some(self, field: str, tag: str) -> list[str]:
        """Some of the :meth:`files`, of those that mention ``struct tag`` where it is known which do."""
        self.sample([field])
        found = set(self._places.get(field, ()))
        if self._searches.is_known(tag):
            mentioning = self._searches.find([tag], "", self._inside(""), True)[tag]
            found.update(mentioning if len(mentioning) <= _FEW else ())
        return sorted(found)

    def many(self, field: str, most: int) -> bool:
        """Whether there are certainly more places than ``most``."""
        if self._tables.has_stores:
            return False
        self.sample([field])
        return self._many[field] > most

    def in_base(self, field: str, under: str) -> frozenset[int] | None:
        """The numbers of those of the base's files at or below ``under`` that may have stored into such a
        field when it was made; None where nobody knows.
        """
        return self._searches.in_base(STORED + field, under)

    def _find(self, fields: Sequence[str], under: str) -> dict[str, tuple[str, ...]]:
        words = [STORED + field for field in fields]
        return self._searches.find(words, under, self._inside(under), True) if words else {}

    def sample(self, fields: Iterable[str]) -> None:
        """Count the places in some of the files, if nobody has searched for the field."""
        if self._tables.has_stores:
            return
        fresh: list[str] = []
        for field in dict.fromkeys(fields):
            if field in self._many:
                continue
            kept = self._kept(field)
            if kept is not None:
                self._places[field] = list(kept)
                self._many[field] = sum(kept.values())
            elif self._searches.is_known(STORED + field):
                self._many[field] = 0
            else:
                fresh.append(field)
        if not fresh:
            return
        tables, paths = self._tables, self._inside("")
        step = max(1, len(paths) // _SAMPLE)
        inside = finder([STORED + field for field in fresh])
        found: list[dict[str, int]] = [{} for _ in fresh]
        for path in paths[step // 2 :: step] if step > 1 else ():
            data, _, identity = examine(self._root, path)
            for each in inside(data):
                found[each][path] = len(scan.locate_stores(data, fresh[each].encode()))
            if tables.key is not None:
                tables.torn |= tables.identity(path) != identity
        for field, places in zip(fresh, found, strict=True):
            self._places[field] = list(places)
            self._many[field] = sum(places.values())
            if self._store is not None and tables.key is not None and not (tables.torn or tables.fresh):
                self._store.put(_KIND, tables.key + field.encode(), marshal.dumps(places, 2))

    def _kept(self, field: str) -> dict[str, int] | None:
        """What an earlier run has counted in files that are as they were."""
        store, tables = self._store, self._tables
        data = store.get(_KIND, tables.key + field.encode()) if store is not None and tables.key else None
        if data is None:
            return None
        places: dict[str, int] = marshal.loads(data)
        return {path: count for path, count in places.items() if tables.number(path) not in tables.gone}
