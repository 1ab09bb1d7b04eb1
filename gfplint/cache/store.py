"""One folder of cached values: large ones in files of their own, small ones in an SQLite database.

What must hold, whatever happens to the folder or the process:

- **A value that comes out is the one that was put in.** Each is stored with a digest of its key and itself;
  one that doesn't match is no value.
- **Killed at any moment.** Files are written beside their final name and renamed; SQLite rolls back.
- **Two runs at once.** Nothing is locked while anything is computed; who finds the database locked for
  :data:`_PATIENCE` seconds does without it.
- **A full disk, a folder that can't be written.** The rest of the run doesn't write; the user is told once.
- **Somebody else's folder.** Values may be pickles, and loading a pickle can run any code. So a folder that
  another user owns, or that others may write to, is not used at all.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from xxhash import xxh3_128_digest

if TYPE_CHECKING:
    import sqlite3

DEFAULT_LIMIT = 2 << 30
"""Bytes that the folder may grow to before what was used least recently is removed."""

_DATABASE = "answers-1.sqlite"
"""The number is that of the tables' layout: another layout is another file."""

_SUFFIX = ".cached"
_TEMPORARY = ".writing"
_MAGIC = b"gfplint\x01"
_HEAD = len(_MAGIC) + 16
_PATIENCE = 0.3
"""Seconds to wait for another run's transaction."""

_ROUND = 3600
"""Seconds: the last use of a value is kept this exactly, so that reading seldom causes a write."""

_BATCH = 16 << 20
"""Bytes of values that are collected before they are written in one transaction."""

_PAGE = 16 << 10
"""Bytes of a database page, for values of a few kilobytes: one larger than half a page wastes the rest."""

_TABLES = """
    CREATE TABLE IF NOT EXISTS answers (
        key BLOB PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS by_use ON answers (used);
"""


def default_folder() -> Path:
    """``$GFPLINT_CACHE_DIR``, or ``gfplint/store`` in the user's cache folder."""
    named = os.environ.get("GFPLINT_CACHE_DIR")
    if named:
        return Path(named)
    caches = os.environ.get("XDG_CACHE_HOME")
    if caches and os.path.isabs(caches):
        return Path(caches) / "gfplint" / "store"
    return Path(os.path.expanduser("~")) / ".cache" / "gfplint" / "store"


class Store:
    """The values of one folder, for one version of everything that computes them.

    ``code`` is part of every key: values of another version aren't seen. ``warn`` gets at most one sentence.
    ``limit`` is in bytes. Nothing is opened or created before the first question, and no method raises.
    """

    def __init__(
        self,
        folder: Path,
        code: bytes,
        warn: Callable[[str], None] | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self.folder = folder
        self._code = code
        self._warn = warn
        self._limit = limit
        self._checked: bool | None = None
        self._teller = os.getpid()
        """The process that tells the user what is wrong."""
        self._unwritten = mmap.mmap(-1, 1)
        """Whether another process couldn't write: a byte that all of a run share."""
        self._writable = True
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._pending: dict[bytes, bytes] = {}
        self._pending_bytes = 0
        self._touched: set[bytes] = set()
        self._wrote = False
        self._aside: list[tuple[int, int]] = []

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --------------------------------------------------------------------------- small values

    def get(self, kind: str, key: bytes) -> bytes | None:
        """The value that was put under this kind and key, or None."""
        name = self._name(kind, key)
        pending = self._pending.get(name)
        if pending is not None:
            return pending
        try:
            connection = self._database()
            if connection is None:
                return None
            row = connection.execute("SELECT value, used FROM answers WHERE key = ?", (name,)).fetchone()
        except Exception as error:
            self._database_failed(error)
            return None
        if row is None or not isinstance(row[0], bytes) or not isinstance(row[1], int):
            return None
        value = row[0][16:]
        if xxh3_128_digest(name + value) != row[0][:16]:
            return None
        if row[1] + _ROUND < time.time():
            self._touched.add(name)
        return value

    def put(self, kind: str, key: bytes, value: bytes) -> None:
        """Keep a value. It is written with others, at the latest by :meth:`close`."""
        if self._process != os.getpid():
            self._forked()
        self._pending[self._name(kind, key)] = value
        self._pending_bytes += len(value) + 100
        if self._pending_bytes > _BATCH:
            self._flush()

    # --------------------------------------------------------------------------- large values

    def load(self, kind: str, key: bytes) -> bytes | None:
        """The value that was saved under this kind and key, or None."""
        if not self._usable():
            return None
        path = self._path(kind, key)
        try:
            with open(path, "rb", buffering=0) as stream:
                head = stream.read(_HEAD)
                value = stream.readall()
        except OSError:
            return None
        if head != _MAGIC + xxh3_128_digest(self._name(kind, key) + value):
            return None
        self._use(path)
        return value

    def map(self, kind: str, key: bytes) -> mmap.mmap | None:
        """The file of a value as it lies on disk, *unchecked*; the value begins at :data:`OFFSET`.

        For values too large to be read and checked whole: who maps one checks what it looks at.
        """
        if not self._usable():
            return None
        path = self._path(kind, key)
        try:
            with open(path, "rb") as stream:
                mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            return None
        self._use(path)
        return mapped

    def save(self, kind: str, key: bytes, *parts: bytes) -> bool:
        """Replace the value under this kind and key by the parts, one behind the other; whether it worked."""
        if not self._usable() or not self._writable:
            return False
        from xxhash import xxh3_128

        digest = xxh3_128(self._name(kind, key))
        for part in parts:
            digest.update(part)
        path = self._path(kind, key)
        temporary = f"{path}.{os.getpid()}.{time.monotonic_ns()}{_TEMPORARY}"
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                for part in (_MAGIC + digest.digest(), *parts):
                    view = memoryview(part)
                    while view:
                        view = view[os.write(descriptor, view) :]
            finally:
                os.close(descriptor)
            os.replace(temporary, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            self._not_written(error.strerror or str(error))
            return False
        self._wrote = True
        return True

    def later(self, saving: Callable[[], bool], aside: bool) -> None:
        """Do some saving that nobody waits for but :meth:`close`: ``aside``, in a process of its own."""
        if not self._usable() or not self._writable:
            return
        if not aside or not hasattr(os, "fork"):
            saving()
            return
        reading, writing = os.pipe()
        try:
            child = os.fork()
        except OSError:  # no more processes to be had
            os.close(reading)
            os.close(writing)
            saving()
            return
        if child:
            os.close(writing)
            self._aside.append((child, reading))
            return
        status = 1
        try:
            self._warn, self._teller = partial(_send, writing), os.getpid()
            status = 0 if saving() else 1
        finally:
            os._exit(status)

    def _wait(self) -> None:
        """Wait for what is saved aside, and hand on what the user is to be told."""
        waiting, self._aside = self._aside, []
        for child, reading in waiting:
            with open(reading, "rb") as stream:
                sentence = stream.read().decode("utf-8", "surrogateescape")
            self._wrote |= os.waitpid(child, 0)[1] == 0
            if sentence:
                self._writable = False
                self._say(sentence)

    # -------------------------------------------------------------------------------- the end

    def flush(self) -> None:
        """Write what was put so far. A child process that ends by ``os._exit()`` has to ask for it."""
        if self._process == os.getpid() and self._pending:
            self._flush()

    def close(self) -> None:
        """Write what is still to be written and keep the folder within its limit."""
        if self._process != os.getpid():
            self._forked()
        self._wait()
        if self._pending or self._touched:
            self._flush()
        if self._unwritten[0]:
            self._tell("can't be written by all processes")
        if self._wrote and self._writable:
            try:
                self._trim()
            except Exception as error:
                self._database_failed(error)
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None
        self._wrote = False

    def clear(self) -> None:
        """Remove every value, those of other versions too. Other files in the folder stay."""
        self._pending.clear()
        self._touched.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if not self._usable():
            return
        for entry in self._entries(database=True):
            try:
                os.unlink(entry.path)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._not_written(error.strerror or str(error))

    # ------------------------------------------------------------------------------- the folder

    def _usable(self) -> bool:
        """Whether the folder is there (made if need be) and nobody else could have put something into it."""
        if self._checked is None:
            self._checked = self._check()
        return self._checked

    def _check(self) -> bool:
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            status = os.stat(self.folder)
        except OSError as error:
            self._tell(f"can't be made or opened ({error.strerror})")
            return False
        if status.st_uid != os.geteuid():
            self._tell("belongs to another user")
            return False
        if status.st_mode & 0o022:
            self._tell("can be written by other users")
            return False
        return True

    def _tell(self, what: str) -> None:
        self._say(f"The cache folder {self.folder} {what}; the result is the same, but slower.")

    def _say(self, sentence: str) -> None:
        """Once in a run."""
        if os.getpid() != self._teller:
            self._unwritten[0] = 1
        elif self._warn is not None:
            warn, self._warn = self._warn, None
            warn(sentence)

    def _not_written(self, reason: str) -> None:
        self._writable = False
        self._tell(f"can't be written ({reason})")

    def _name(self, kind: str, key: bytes) -> bytes:
        return xxh3_128_digest(b"%d:%b%d:%b%b" % (len(self._code), self._code, len(kind), kind.encode(), key))

    def _path(self, kind: str, key: bytes) -> str:
        return os.path.join(self.folder, f"{kind}-{self._name(kind, key).hex()}{_SUFFIX}")

    def _use(self, path: str) -> None:
        """Note that a file was of use: its time of change is that of its last use."""
        with contextlib.suppress(OSError):
            if os.stat(path).st_mtime + _ROUND < time.time():
                os.utime(path)

    def _entries(self, database: bool = False) -> Iterator[os.DirEntry[str]]:
        """The files in the folder that are ours."""
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    ours = entry.name.endswith((_SUFFIX, _TEMPORARY))
                    if ours or (database and entry.name.startswith("answers-") and ".sqlite" in entry.name):
                        yield entry
        except OSError:
            return

    # ----------------------------------------------------------------------------- the database

    def _forked(self) -> None:
        """A child process uses neither its parent's connection nor what the parent is about to write."""
        self._process = os.getpid()
        self._connection = None
        self._pending = {}
        self._pending_bytes = 0
        self._touched = set()
        self._wrote = False
        self._aside = []

    def _database(self) -> sqlite3.Connection | None:
        if self._process != os.getpid():
            self._forked()
        if self._connection is None and self._usable():
            try:
                self._connection = self._open()
            except Exception as error:
                self._database_failed(error)
        return self._connection

    def _open(self) -> sqlite3.Connection:
        import sqlite3

        path = os.path.join(self.folder, _DATABASE)
        if not os.access(self.folder, os.W_OK):
            # In a folder that can't be written SQLite can't make its files for a reader in between.
            return sqlite3.connect(
                f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            # No fsync: a machine that crashes may lose or damage the cache, and both are noticed.
            connection.execute("PRAGMA synchronous = OFF")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'by_use'").fetchone():
                connection.execute(f"PRAGMA page_size = {_PAGE}")
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_TABLES)
            os.chmod(path, 0o600)
        except BaseException:
            connection.close()
            raise
        return connection

    def _flush(self) -> None:
        """Write what is pending in one transaction. What can't be written is dropped."""
        pending, self._pending, self._pending_bytes = self._pending, {}, 0
        touched, self._touched = self._touched, set()
        if not self._writable or not self._usable():
            return
        if not os.access(self.folder, os.W_OK):
            self._not_written("no permission")
            return
        now = int(time.time())
        try:
            connection = self._database()
            if connection is None:
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)",
                    ((name, xxh3_128_digest(name + value) + value, now) for name, value in pending.items()),
                )
                connection.executemany(
                    "UPDATE answers SET used = ? WHERE key = ?", ((now, name) for name in touched)
                )
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(Exception):
                    connection.execute("ROLLBACK")
                raise
            self._wrote = True
        except Exception as error:
            self._database_failed(error)

    def _database_failed(self, error: Exception) -> None:
        """Decide what an error of SQLite means: wait no longer, write no more, or begin anew."""
        import sqlite3

        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if isinstance(code, int) else None
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None
        if code == sqlite3.SQLITE_IOERR_SHORT_READ:
            primary = sqlite3.SQLITE_CORRUPT
        if primary in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
            self._not_written(str(error))
        elif primary == sqlite3.SQLITE_CANTOPEN:
            if os.access(self.folder, os.W_OK):
                self._not_written(str(error))
        elif isinstance(error, sqlite3.DatabaseError):
            # Damaged, or no database at all.
            for suffix in ("-wal", "-shm", ""):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(self.folder, _DATABASE + suffix))
        elif isinstance(error, OSError):
            self._not_written(error.strerror or str(error))
        else:
            raise error

    # --------------------------------------------------------------------------------- the size

    def _trim(self) -> None:
        """Remove what was used least recently until a quarter of the limit is free again."""
        now = time.time()
        files: list[tuple[float, int, str]] = []
        for entry in self._entries():
            try:
                status = entry.stat()
            except OSError:
                continue
            if entry.name.endswith(_TEMPORARY):
                if status.st_mtime + _ROUND < now:  # of a run that was killed
                    with contextlib.suppress(OSError):
                        os.unlink(entry.path)
                continue
            files.append((status.st_mtime, status.st_size, entry.path))
        database = 0
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                database += os.stat(os.path.join(self.folder, _DATABASE + suffix)).st_size
        size = database + sum(file[1] for file in files)
        if size <= self._limit:
            return
        aim = self._limit * 3 // 4
        # Half to each side, unless the other needs less.
        small = min(database, max(aim // 2, aim - (size - database)))
        remaining = size - database
        for _, length, path in sorted(files):
            if remaining <= aim - small:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
                remaining -= length
        if database > small:
            self._trim_database(small)

    def _trim_database(self, aim: int) -> None:
        connection = self._database()
        if connection is None:
            return
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (values,) = connection.execute("SELECT total(length(value)) FROM answers").fetchone()
        # Values may take this much of what the database takes now.
        share = values * aim / max((pages - free) * _PAGE, 1)
        keep = 0
        for (length,) in connection.execute("SELECT length(value) FROM answers ORDER BY used DESC, key"):
            share -= length
            if share < 0:
                break
            keep += 1
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "DELETE FROM answers WHERE key IN"
            " (SELECT key FROM answers ORDER BY used DESC, key LIMIT -1 OFFSET ?)",
            (keep,),
        )
        connection.execute("COMMIT")
        # A script, because execute() makes one step of a statement without results, which frees one page.
        connection.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")


def _send(pipe: int, sentence: str) -> None:
    os.write(pipe, sentence.encode("utf-8", "surrogateescape"))


OFFSET = _HEAD
"""Where in a mapped file (:meth:`Store.map`) the value begins."""
