"""A multimap from names to files, packed into one string.

Of the ways measured to keep 1.6 million rows of a 6.12 tree (names and the files that define them), a
dict of lists took 400 MB and a second of building; sorted text takes what its letters take, sorts at the
speed of ``memcmp``, is saved and loaded as it is, and answers a lookup in three microseconds.
"""

from __future__ import annotations

from bisect import bisect_right

_WINDOW = 2048
"""Every so many bytes the text is sampled for the first step of a lookup."""


class Table:
    """Rows ``name TAB value LF``, sorted. ``text`` is all there is to save; see :func:`pack`."""

    __slots__ = ("_keys", "_starts", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._keys: list[bytes] | None = None
        self._starts: list[int] = []

    def _sample(self) -> list[bytes]:
        text = self.text
        keys: list[bytes] = []
        starts: list[int] = []
        at = 0
        while at < len(text):
            keys.append(text[at : text.index(b"\t", at)])
            starts.append(at)
            at = text.find(b"\n", at + _WINDOW) + 1
            if at == 0:
                break
        self._keys, self._starts = keys, starts
        return keys

    def get(self, name: bytes) -> list[bytes]:
        """The values of ``name``, sorted as bytes; empty where there are none."""
        keys = self._keys
        if keys is None:
            keys = self._sample()
        # The row before the first sample that is larger; equal samples can begin in the middle of a group.
        place = bisect_right(keys, name) - 1
        if place < 0:
            return []
        while place > 0 and keys[place] == name:
            place -= 1
        text = self.text
        wanted = name + b"\t"
        start = self._starts[place]
        if not text.startswith(wanted, start):
            stop = bisect_right(keys, name)
            limit = self._starts[stop] if stop < len(keys) else len(text)
            start = text.find(b"\n" + wanted, start, limit) + 1
            if start == 0:
                return []
        values: list[bytes] = []
        skip = len(wanted)
        while text.startswith(wanted, start):
            end = text.find(b"\n", start)
            values.append(text[start + skip : end])
            start = end + 1
        return values


def pack(parts: list[bytes]) -> bytes:
    """Rows, in any order and some to each part, as the sorted text of a :class:`Table`. Empties ``parts``."""
    # As str, because list.sort() compares those by memcmp; Latin-1 keeps one byte for one character.
    text = b"".join(parts).decode("latin-1")
    parts.clear()
    rows = text.split("\n")
    del text
    rows.pop()
    rows.sort()
    rows.append("")
    return "\n".join(rows).encode("latin-1")
