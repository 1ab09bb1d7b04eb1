"""A large value of a store that is read in pieces: mapped, and each piece checked when it is first looked at.

An index of a kernel has 64 MB. To read and check them all takes a tenth of a second, and a run that answers
for one file looks at a few hundred pieces of a few kilobytes.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from xxhash import xxh3_64_intdigest, xxh3_128_digest

from gfplint.cache.store import OFFSET

if TYPE_CHECKING:
    from mmap import mmap

    from gfplint.cache.store import Store

_NUMBER, _CHECK = 8, 16


class DamagedError(Exception):
    """A piece isn't what was saved."""


class Pieces:
    """Pieces that lie one behind the other. ``starts`` are their offsets in the data, and its length."""

    __slots__ = ("_base", "_checks", "_data", "_sound", "extra", "starts")

    def __init__(
        self,
        data: bytes | mmap,
        starts: array[int],
        extra: bytes = b"",
        checks: array[int] | None = None,
        base: int = 0,
    ) -> None:
        """``extra`` is what else was saved. ``checks``: digests of pieces that nobody has checked, and lie
        from ``base`` on.
        """
        self._data = data
        self._checks = checks
        self._base = base
        self._sound: set[int] = set()
        self.starts = starts
        self.extra = extra

    def get(self, first: int, last: int) -> bytes:
        """The pieces with these numbers, without the last. Raises :class:`DamagedError`."""
        base, starts = self._base, self.starts
        start = starts[first]
        found = self._data[base + start : base + starts[last]]
        checks, sound = self._checks, self._sound
        if checks is not None:
            for number in range(first, last):
                if number not in sound:
                    piece = found[starts[number] - start : starts[number + 1] - start]
                    if xxh3_64_intdigest(piece) != checks[number]:
                        raise DamagedError
                    sound.add(number)
        return found

    def save(self, store: Store, kind: str, key: bytes) -> bool:
        """Keep them; whether it worked. Only those that :func:`load` hasn't made."""
        assert isinstance(self._data, bytes)
        data, starts = memoryview(self._data), self.starts
        checks = array(
            "Q", [xxh3_64_intdigest(data[starts[at] : starts[at + 1]]) for at in range(len(starts) - 1)]
        )
        head = b"".join(
            (len(starts).to_bytes(_NUMBER, "little"), starts.tobytes(), checks.tobytes(), self.extra)
        )
        return store.save(
            kind, key, len(head).to_bytes(_NUMBER, "little"), xxh3_128_digest(key + head), head, self._data
        )


def load(store: Store, kind: str, key: bytes) -> Pieces | None:
    """What was saved under this kind and key; None where there is nothing, or less than that."""
    mapped = store.map(kind, key)
    if mapped is None:
        return None
    at = OFFSET + _NUMBER + _CHECK
    size = int.from_bytes(mapped[OFFSET : OFFSET + _NUMBER], "little")
    head = mapped[at : at + size]
    if xxh3_128_digest(key + head) != mapped[OFFSET + _NUMBER : at]:
        return None
    count = int.from_bytes(head[:_NUMBER], "little")
    checked = _NUMBER + count * 8
    done = checked + (count - 1) * 8
    starts, checks = array("Q", head[_NUMBER:checked]), array("Q", head[checked:done])
    base = at + size
    if len(mapped) != base + starts[-1]:
        return None
    return Pieces(mapped, starts, head[done:], checks, base)
