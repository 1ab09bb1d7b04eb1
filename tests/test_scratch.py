"""The scratch file of a run: what one process puts in, all find."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gfplint.kernel import scratch
from gfplint.kernel.scratch import Scratch
from tests.forked import forked


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    shared = Scratch(tmp_path)
    values = {f"key {number}".encode(): os.urandom(number) for number in range(500)}
    for key, value in values.items():
        shared.put(key, value)
    assert {key: shared.get(key) for key in values} == values
    assert shared.get(b"key") is None


def test_a_value_stays_as_it_is(tmp_path: Path) -> None:
    shared = Scratch(tmp_path)
    shared.put(b"key", b"first")
    shared.put(b"key", b"second")
    assert shared.get(b"key") == b"first"


def test_processes_find_what_others_put_in(tmp_path: Path) -> None:
    shared = Scratch(tmp_path)

    with forked(lambda: shared.put(b"child's", b"1")):
        pass
    assert shared.get(b"child's") == b"1"

    def other() -> None:
        assert shared.get(b"child's") == b"1"

    with forked(other):
        pass


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    shared = Scratch(tmp_path)

    def put(who: int) -> None:
        for number in range(2000):
            shared.put(f"{who} {number}".encode(), bytes([who]) * (number % 97))
            shared.put(f"both {number}".encode(), str(number).encode())

    with forked(lambda: put(1)):
        put(0)
    for number in range(2000):
        assert shared.get(f"both {number}".encode()) == str(number).encode()
        for who in (0, 1):
            assert shared.get(f"{who} {number}".encode()) == bytes([who]) * (number % 97)


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    shared = Scratch(tmp_path)
    shared.put(b"key", b"value")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    shared = Scratch(tmp_path / "missing")
    shared.put(b"key", b"value")
    assert shared.get(b"key") == b"value"


def test_keys_of_one_hash_are_not_mixed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "xxh3_64_intdigest", lambda key: 0)
    shared = Scratch(tmp_path)
    shared.put(b"one", b"1")
    shared.put(b"two", b"2")
    assert shared.get(b"one") == b"1"
    assert shared.get(b"two") is None


def test_keys_of_one_slot_have_slots_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last slot, too: the next one is the first."""
    numbers = {b"one": (1 << 17) - 1, b"two": (2 << 17) - 1, b"three": (3 << 17) - 1}
    monkeypatch.setattr(scratch, "xxh3_64_intdigest", numbers.get)
    shared = Scratch(tmp_path)
    for key in numbers:
        shared.put(key, key)
    assert all(shared.get(key) == key for key in numbers)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = Scratch(tmp_path)
    shared.put(b"before", b"1")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        shared.put(b"while", b"2")
    shared.put(b"after", b"3")
    assert (shared.get(b"before"), shared.get(b"while"), shared.get(b"after")) == (b"1", None, None)


def test_half_a_value_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = Scratch(tmp_path)
    write = os.pwrite

    def half(descriptor: int, data: bytes, at: int) -> int:
        return write(descriptor, data[: len(data) // 2], at)

    monkeypatch.setattr(os, "pwrite", half)
    shared.put(b"key", b"value")
    assert shared.get(b"key") is None


def test_its_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_MOST_BYTES", 1000)
    monkeypatch.setattr(scratch, "_MOST_VALUES", 5)
    shared = Scratch(tmp_path)
    shared.put(b"large", bytes(2000))
    assert shared.get(b"large") is None
    other = Scratch(tmp_path)
    for number in range(8):
        other.put(b"%d" % number, b"x")
    assert [other.get(b"%d" % number) for number in range(8)] == [b"x"] * 5 + [None] * 3
