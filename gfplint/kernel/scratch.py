"""What one process of a run has worked out, for all of them: bytes by key, in a file that goes with the run.

Processes that let go of what they know, and processes that are forked for a part of a run only, work out the
same things again and again. Here they find them: reading a few kilobytes back takes a tenth of the time.

The file has no name, so a run that is killed leaves nothing behind. Where in it a value lies says a table
that all processes share: open addressing, two numbers of 64 bits a slot. Values are only ever added. Who
adds one holds a lock on the file, and fills a slot's location before its key; who reads needs no lock, and
checks that what it finds begins with the key it asked for.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

from xxhash import xxh3_64_intdigest

_SLOTS = 1 << 17
"""A power of two. All of Linux 6.12 needs 25,000."""
_MOST_VALUES = _SLOTS * 3 // 4
_MOST_BYTES = 1 << 30
_SIZE_BITS = 28
_LENGTH = 2
"""Bytes of a key's length, in front of it."""


class Scratch:
    """The file and its table. Whatever goes wrong with the file, a value is not kept, or not found."""

    def __init__(self, folder: Path | None) -> None:
        """``folder``: as for :func:`nameless`. Raises ``OSError`` where there can be no file."""
        self._file = nameless(folder)
        weakref.finalize(self, os.close, self._file)
        self._table = memoryview(mmap.mmap(-1, 16 * (_SLOTS + 1))).cast("Q")
        """Key and location of each slot; behind them the number of values and where the next one goes."""
        self._failed = False

    def get(self, key: bytes) -> bytes | None:
        """The value that some process has put in for a key; None where there is none."""
        table, number = self._table, _number(key)
        slot = number % _SLOTS
        while (found := table[2 * slot]) != number:
            if not found:
                return None
            slot = (slot + 1) % _SLOTS
        location = table[2 * slot + 1]
        try:
            record = os.pread(self._file, location & (1 << _SIZE_BITS) - 1, location >> _SIZE_BITS)
        except OSError:
            return None
        head = _head(key)
        return record[len(head) :] if record.startswith(head) else None

    def put(self, key: bytes, value: bytes) -> None:
        """Keep a value, unless there is one for the key or no room."""
        record = _head(key) + value
        if self._failed or len(record) >> _SIZE_BITS or len(key) >> 8 * _LENGTH:
            return
        table, number = self._table, _number(key)
        try:
            with self._locked():
                values, end = table[2 * _SLOTS], table[2 * _SLOTS + 1]
                if values >= _MOST_VALUES or end + len(record) > _MOST_BYTES:
                    self._failed = True
                    return
                slot = number % _SLOTS
                while found := table[2 * slot]:
                    if found == number:
                        return
                    slot = (slot + 1) % _SLOTS
                if os.pwrite(self._file, record, end) != len(record):
                    self._failed = True
                    return
                table[2 * _SLOTS], table[2 * _SLOTS + 1] = values + 1, end + len(record)
                table[2 * slot + 1] = end << _SIZE_BITS | len(record)
                table[2 * slot] = number
        except OSError:  # a full disk, or a file system without locks
            self._failed = True

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)


def nameless(folder: Path | None = None) -> int:
    """The descriptor of a new file that goes when nobody has it open: in a folder, or, where that is not
    possible, where temporary files are.
    """
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=folder) as stream:
        return os.dup(stream.fileno())
    with tempfile.TemporaryFile() as stream:
        return os.dup(stream.fileno())


def _number(key: bytes) -> int:
    """What stands for a key in the table, never 0."""
    return xxh3_64_intdigest(key) or 1


def _head(key: bytes) -> bytes:
    return len(key).to_bytes(_LENGTH, "little") + key
