"""The cache's folder: what comes out is what was put in, whatever happens to it."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gfplint.cache.store import OFFSET, Store, default_folder
from tests.forked import forked

ROOT = Path(__file__).parent.parent
VALUES = {b"key %d" % number: bytes([number]) * (number * 37 + 1) for number in range(60)}


def filled(folder: Path, code: bytes = b"code") -> None:
    with Store(folder, code) as store:
        for key, value in VALUES.items():
            store.put("small", key, value)
        assert store.save("large", b"one", b"first ", b"x" * 5000)


def check(folder: Path) -> tuple[int, bool]:
    """How many small values are there, and whether the large one is. None may be wrong."""
    with Store(folder, b"code") as store:
        found = {key: store.get("small", key) for key in VALUES}
        large = store.load("large", b"one")
    assert {key: value for key, value in found.items() if value is not None}.items() <= VALUES.items()
    assert large in (None, b"first " + b"x" * 5000)
    return sum(value is not None for value in found.values()), large is not None


def test_values_come_back(tmp_path: Path) -> None:
    filled(tmp_path / "deep" / "store")
    assert check(tmp_path / "deep" / "store") == (len(VALUES), True)
    assert (tmp_path / "deep" / "store").stat().st_mode & 0o777 == 0o700


def test_kinds_keys_and_versions_are_apart(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store(tmp_path, b"other code") as store:
        assert store.get("small", b"key 1") is None
        assert store.load("large", b"one") is None
    with Store(tmp_path, b"code") as store:
        assert store.get("smal", b"lkey 1") is None
        assert store.load("large", b"two") is None


def test_a_value_is_seen_before_it_is_written(tmp_path: Path) -> None:
    store = Store(tmp_path, b"code")
    store.put("small", b"key", b"value")
    assert store.get("small", b"key") == b"value"


def test_a_mapped_value(tmp_path: Path) -> None:
    filled(tmp_path)
    mapped = Store(tmp_path, b"code").map("large", b"one")
    assert mapped is not None
    assert mapped[OFFSET : OFFSET + 6] == b"first "
    assert Store(tmp_path, b"code").map("large", b"two") is None


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bits(tmp_path: Path, seed: int) -> None:
    filled(tmp_path)
    chance = random.Random(seed)
    for path in sorted(tmp_path.iterdir()):
        data = bytearray(path.read_bytes())
        for _ in range(chance.choice((1, 5, 60))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
    check(tmp_path)
    # And it can be filled again.
    filled(tmp_path)
    filled(tmp_path)
    assert check(tmp_path) == (len(VALUES), True)


@pytest.mark.parametrize("seed", range(6))
def test_truncated_or_garbage(tmp_path: Path, seed: int) -> None:
    filled(tmp_path)
    chance = random.Random(seed)
    for path in sorted(tmp_path.iterdir()):
        data = path.read_bytes()
        path.write_bytes(chance.randbytes(3000) if seed % 2 else data[: chance.randrange(len(data))])
    check(tmp_path)
    filled(tmp_path)
    filled(tmp_path)
    assert check(tmp_path) == (len(VALUES), True)


def test_another_layout(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "answers-1.sqlite") as connection:
        connection.execute("CREATE TABLE answers (something TEXT)")
        connection.execute("CREATE TABLE by_use (something TEXT)")
    connection.close()
    check(tmp_path)
    filled(tmp_path)
    filled(tmp_path)
    assert check(tmp_path) == (len(VALUES), True)


WRITER = """
import sys
from pathlib import Path
from tests.test_store import VALUES, filled
print("ready", flush=True)
while True:
    filled(Path(sys.argv[1]))
"""


def writer(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], text=True, cwd=ROOT, stdout=subprocess.PIPE
    )


def test_killed_while_writing(tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(8):
        child = writer(tmp_path)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.random() * 0.05)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        check(tmp_path)
    filled(tmp_path)
    assert check(tmp_path) == (len(VALUES), True)


def test_two_writers(tmp_path: Path) -> None:
    children = [writer(tmp_path) for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    try:
        for _ in range(30):
            check(tmp_path)
        assert [child.poll() for child in children] == [None, None]
    finally:
        for child in children:
            child.kill()
            child.wait()
            assert child.stdout is not None
            child.stdout.close()
    assert check(tmp_path) == (len(VALUES), True)


def test_a_locked_database_is_not_waited_for_long(tmp_path: Path) -> None:
    import sqlite3

    filled(tmp_path)
    told: list[str] = []
    connection = sqlite3.connect(tmp_path / "answers-1.sqlite", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with Store(tmp_path, b"code", told.append) as store:
        store.put("small", b"new", b"value")
    connection.execute("ROLLBACK")
    connection.close()
    assert told == []
    assert check(tmp_path) == (len(VALUES), True)


def test_a_full_disk_is_told_once(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from pathlib import Path
from gfplint.cache.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
with Store(Path(sys.argv[1]), b"code", print) as store:
    for number in range(400):
        store.put("small", b"%d" % number, b"x" * 3000)
    assert not store.save("large", b"key", b"x" * 200_000)
    assert store.get("small", b"1") == b"x" * 3000
"""
    assert resource.RLIMIT_FSIZE
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], text=True, cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"The cache folder {tmp_path} can't be written (")
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".writing")]
    check(tmp_path)


def as_somebody_else(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python code as a user to whom permissions mean something."""
    command = [sys.executable, "-c", code, str(folder)]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("no setpriv")
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    return subprocess.run(command, text=True, cwd=ROOT, capture_output=True, check=False)


READER = """
import os, sys
from pathlib import Path
from gfplint.cache.store import Store
os.chdir("/")
with Store(Path(sys.argv[1]), b"code", print) as store:
    print(store.get("small", b"key 1"), store.load("large", b"one") is not None)
    store.put("small", b"new", b"value")
    store.save("large", b"new", b"value")
"""


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    filled(folder)
    folder.chmod(0o500)
    if os.geteuid() == 0:
        os.chmod(tmp_path, 0o755)
        for path in (folder, *folder.iterdir()):
            os.chown(path, 65534, 65534)
        for path in list(folder.parents)[:3]:
            os.chmod(path, 0o755)
    done = as_somebody_else(READER, folder)
    folder.chmod(0o700)
    if "PermissionError" in done.stderr or "ModuleNotFoundError" in done.stderr:
        pytest.skip("the other user can't read gfplint itself")
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{VALUES[b'key 1']!r} True",
        f"The cache folder {folder} can't be written (no permission); the result is the same, but slower.",
    ] or done.stdout.splitlines() == [
        f"{VALUES[b'key 1']!r} True",
        f"The cache folder {folder} can't be written (Permission denied); "
        "the result is the same, but slower.",
    ]


def test_a_folder_of_others_is_not_used(tmp_path: Path) -> None:
    filled(tmp_path)
    for mode in (0o777, 0o770, 0o1777):
        tmp_path.chmod(mode)
        told: list[str] = []
        with Store(tmp_path, b"code", told.append) as store:
            assert store.get("small", b"key 1") is None
            assert store.load("large", b"one") is None
            assert not store.save("large", b"one", b"")
        assert told == [
            f"The cache folder {tmp_path} can be written by other users; the result is the same, but slower."
        ]
    tmp_path.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(tmp_path, 65534, 65534)
        with Store(tmp_path, b"code", told.append) as store:
            assert store.get("small", b"key 1") is None
        assert "belongs to another user" in told[-1]


def test_no_folder_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told: list[str] = []
    with Store(tmp_path / "file" / "store", b"code", told.append) as store:
        store.put("small", b"key", b"value")
        assert store.load("large", b"one") is None
        store.clear()
    assert len(told) == 1


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_the_size_is_bounded_and_the_latest_stay(tmp_path: Path) -> None:
    limit = 2_000_000
    for round_ in range(12):
        with Store(tmp_path, b"code", limit=limit) as store:
            for number in range(100):
                store.put("small", b"%d %d" % (round_, number), b"x" * 3000)
            store.save("large", b"%d" % round_, b"x" * 200_000)
        for path in tmp_path.iterdir():  # as if the rounds were hours apart
            if path.name.endswith(".cached"):
                os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 3600))
        assert size(tmp_path) <= limit
    with Store(tmp_path, b"code", limit=limit) as store:
        assert store.load("large", b"11") is not None
        assert store.load("large", b"0") is None


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    old = tmp_path / "tree-00.cached.1.2.writing"
    old.write_bytes(b"half")
    os.utime(old, (0, 0))
    young = tmp_path / "tree-00.cached.3.4.writing"
    young.write_bytes(b"half")
    filled(tmp_path)
    assert not old.exists()
    assert young.exists()


def test_clear_removes_what_is_ours(tmp_path: Path) -> None:
    filled(tmp_path)
    filled(tmp_path, b"older code")
    (tmp_path / "thesis.txt").write_text("mine")
    Store(tmp_path, b"code").clear()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GFPLINT_CACHE_DIR", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("GFPLINT_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_folder() == Path("/caches/gfplint/store")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_folder() == Path("/home/me/.cache/gfplint/store")


@pytest.mark.parametrize("aside", [True, False])
def test_saving_that_nobody_waits_for(tmp_path: Path, aside: bool) -> None:
    store = Store(tmp_path, b"code")
    savers: list[int] = []

    def saving() -> bool:
        savers.append(os.getpid())
        return store.save("large", b"one", b"process %d" % os.getpid())

    store.later(saving, aside)
    store.close()
    assert savers == ([] if aside else [os.getpid()])
    saved = Store(tmp_path, b"code").load("large", b"one")
    assert saved is not None
    assert (saved == b"process %d" % os.getpid()) == (not aside)


@pytest.mark.parametrize("both", [False, True])
def test_what_another_process_cannot_write_is_told_once(tmp_path: Path, both: bool) -> None:
    told: list[str] = []
    store = Store(tmp_path / "folder", b"code", told.append)
    store.put("small", b"one", b"1")
    store.flush()

    def other() -> None:
        (tmp_path / "folder").rename(tmp_path / "away")
        assert not store.save("large", b"two", b"2")

    with forked(other):
        pass
    assert told == []
    if both:
        assert not store.save("large", b"two", b"2")
    store.close()
    assert len(told) == 1
    assert "can't be written" in told[0]


def test_what_cannot_be_saved_aside_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    store = Store(tmp_path / "folder", b"code", told.append)
    assert store.save("large", b"one", b"1")
    (tmp_path / "folder").rename(tmp_path / "away")
    store.later(lambda: store.save("large", b"two", b"2"), aside=True)
    store.put("small", b"three", b"3")
    store.close()
    assert len(told) == 1
    assert "can't be written" in told[0]


def test_a_saver_that_dies_does_no_harm(tmp_path: Path) -> None:
    def saving() -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        return True

    with Store(tmp_path, b"code") as store:
        store.later(saving, aside=True)
        store.put("small", b"one", b"1")
    with Store(tmp_path, b"code") as store:
        assert store.get("small", b"one") == b"1"
        assert store.load("large", b"one") is None
