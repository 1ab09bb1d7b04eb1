"""A multimap from names to files, packed into one string.

Of the ways measured to keep 1.6 million rows of a 6.12 tree (names and the files that define them), a
dict of lists took 400 MB and a second of building; sorted text takes what its letters take, sorts at the
speed of ``memcmp``, is saved as it is, mapped by a later run, and answers a lookup in three microseconds.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gfplint.cache.pieces import Pieces
    from gfplint.cache.store import Store

_WINDOW = 2048
"""Every so many bytes the text is sampled for the first step of a lookup."""


class Table:
    """Rows ``name TAB value LF``, sorted: a text (see :func:`pack`), or one that was saved."""

    __slots__ = ("__dict__", "_saved", "_text")

    def __init__(self, text: bytes = b"", saved: Pieces | None = None) -> None:
        self._text = text
        self._saved = saved

    @cached_property
    def _pieces(self) -> Pieces:
        """The text, cut before every sample; the samples' names are what else there is."""
        from gfplint.cache.pieces import Pieces

        if self._saved is not None:
            return self._saved
        text = self._text
        keys: list[bytes] = []
        starts = array("Q")
        at = 0
        while at < len(text):
            keys.append(text[at : text.index(b"\t", at)])
            starts.append(at)
            at = text.find(b"\n", at + _WINDOW) + 1
            if at == 0:
                break
        starts.append(len(text))
        return Pieces(text, starts, b"\n".join(keys))

    @cached_property
    def _keys(self) -> list[bytes]:
        pieces = self._pieces
        return pieces.extra.split(b"\n") if len(pieces.starts) > 1 else []

    def get(self, name: bytes) -> list[bytes]:
        """The values of ``name``, sorted as bytes; empty where there are none. Raises
        :class:`~gfplint.cache.pieces.DamagedError` where what was saved isn't what is there.
        """
        keys = self._keys
        # The row before the first sample that is larger; equal samples can begin in the middle of a group.
        stop = bisect_right(keys, name)
        place = stop - 1
        if place < 0:
            return []
        while place > 0 and keys[place] == name:
            place -= 1
        text = self._pieces.get(place, stop)
        wanted = name + b"\t"
        start = 0
        if not text.startswith(wanted):
            start = text.find(b"\n" + wanted) + 1
            if start == 0:
                return []
        values: list[bytes] = []
        skip = len(wanted)
        while text.startswith(wanted, start):
            end = text.find(b"\n", start)
            values.append(text[start + skip : end])
            start = end + 1
        return values

    def save(self, store: Store, kind: str, key: bytes) -> bool:
        """Keep a text; whether it worked."""
        return self._pieces.save(store, kind, key)


def pack(text: bytes) -> bytes:
    """Rows in any order as the sorted text of a :class:`Table`."""
    # As str, because list.sort() compares those by memcmp; Latin-1 keeps one byte for one character.
    rows = text.decode("latin-1").split("\n")
    rows.pop()
    rows.sort()
    rows.append("")
    return "\n".join(rows).encode("latin-1")
