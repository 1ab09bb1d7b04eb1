"""Which files a tree has and what is in them, kept from run to run.

What comes in: folders of a tree and what an earlier run saw there. What goes out: the tree's C files, the
identity of each one's content, and one digest of it all.

Comparing the status of 55,000 files and 5,500 folders takes a tenth of a second on two cores; reading them
would take ten times that. So a file is read again only if its size, times or inode are not as they were, or
if it changed so shortly before it was last looked at that a further change could have gone unnoticed (git
calls such a file racy). Identities are those of content: what a checkout there and back touches is as it was.
"""

from __future__ import annotations

import marshal
import os
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import chain

from xxhash import xxh3_128

from gfplint.cache.store import Store
from gfplint.kernel.files import examine, is_source, pack_signature, signature
from gfplint.kernel.workers import spread

_KIND = "tree"
_FORMAT = 1
_GRAIN = 2_000_000_000
"""Nanoseconds: two changes this close to each other may have the same time (FAT has the coarsest)."""

_MOST_ALONE = 200
"""Folders that aren't worth a process of their own."""

_WIDTH, _ID = 32, 16
"""Bytes of a signature and of an identity."""

Folder = tuple[bytes, str, str, bytes, bytes]
"""What is known of a folder: its signature; the names of its subfolders and of its C files, each list sorted
and joined with ``/``; the files' signatures and identities, joined (both empty where nobody has read them).
"""

Contents = dict[str, tuple[str, bytes]]
"""Of each folder with files, their names and identities, as in a :data:`Folder`."""

_CLOSED: Folder = (b"", "", "", b"", b"")
"""A folder that can't be listed. It never is as before, so every run tries again."""


class Snapshot:
    """The state of some folders of the tree at ``root``; made by :meth:`take`.

    ``folders`` maps paths that are empty or end with ``/``. ``known`` is false after a first listing, until
    :meth:`learn` has brought the files' identities.
    """

    def __init__(self, root: str, starts: dict[str, frozenset[str]], folders: dict[str, Folder], taken: int):
        self.root = root
        self.starts = starts
        self.folders = folders
        self.taken = taken
        self.known = True
        self.saved = False
        self._opened: dict[str, dict[str, bytes]] = {}

    @classmethod
    def take(
        cls,
        root: str,
        starts: dict[str, frozenset[str]],
        store: Store,
        jobs: int,
        likely: Sequence[str] = (),
        meanwhile: Callable[[], None] | None = None,
    ) -> Snapshot:
        """Look at the tree now. ``starts`` maps folders (``""``, ``../driver``) to the names directly in them
        that are left out. If one of the ``likely`` paths has changed, or nothing is known of any, do
        ``meanwhile`` in the meantime.
        """
        starts = {f"{start}/" if start else "": skip for start, skip in starts.items()}
        taken = time.time_ns()
        before = _load(root, starts, store)
        if before is None:
            snapshot = cls(root, starts, _list_beside(root, starts, jobs, meanwhile), taken)
            snapshot.known = not any(folder[2] for folder in snapshot.folders.values())
            return snapshot
        changes = before._changes(jobs, likely, meanwhile)
        if not changes:
            before.saved = True
            return before
        return cls(root, starts, _reachable(starts, {**before.folders, **changes}), taken)

    # ------------------------------------------------------------------------------- questions

    @cached_property
    def files(self) -> list[str]:
        """The sorted paths of all files."""
        return sorted(
            path + name for path, folder in self.folders.items() if folder[2] for name in folder[2].split("/")
        )

    @cached_property
    def identities(self) -> dict[str, bytes]:
        """The identity of each file's content; empty until they are :attr:`known`."""
        found: dict[str, bytes] = {}
        for path, (_, _, names, _, identities) in self.folders.items():
            if names and identities:
                for number, name in enumerate(names.split("/")):
                    found[path + name] = identities[number * _ID : number * _ID + _ID]
        return found

    def identity(self, path: str) -> bytes | None:
        """The identity of one file's content; for few files faster than to know all :attr:`identities`."""
        folder = path[: path.rfind("/") + 1]
        known = self._opened.get(folder)
        if known is None:
            _, _, names, _, identities = self.folders.get(folder, _CLOSED)
            known = self._opened[folder] = _by_name(names, identities)
        return known.get(path[len(folder) :])

    @property
    def contents(self) -> Contents:
        """What :meth:`compare` takes."""
        return {
            path: (names, identities) for path, (_, _, names, _, identities) in self.folders.items() if names
        }

    def compare(self, then: Contents) -> tuple[list[str], list[str]]:
        """Files that were there and are no longer as they were, and those that are other than they were."""
        gone: list[str] = []
        fresh: list[str] = []
        folders = self.folders
        for path in sorted(then.keys() | folders.keys()):
            before = then.get(path, ("", b""))
            folder = folders.get(path, _CLOSED)
            if before[0] == folder[2] and before[1] == folder[4]:
                continue
            old, new = _by_name(*before), _by_name(folder[2], folder[4])
            gone += [path + name for name, identity in old.items() if new.get(name) != identity]
            fresh += [path + name for name, identity in new.items() if old.get(name) != identity]
        return sorted(gone), sorted(fresh)

    @cached_property
    def digest(self) -> bytes:
        """16 bytes for the paths and contents of all files. Only where they are :attr:`known`."""
        digest = xxh3_128()
        for path, (own, _, names, _, identities) in sorted(self.folders.items()):
            if names or not own:
                digest.update(marshal.dumps((path, names, identities), 2))
        return digest.digest()

    def has_folder(self, path: str) -> bool:
        """Whether the snapshot covers a folder (without ``/`` at its end)."""
        return bool(self.folders.get(f"{path}/" if path else "", _CLOSED)[0])

    @property
    def unlistable(self) -> list[str]:
        """Folders that couldn't be listed, with a ``/`` at their end."""
        return sorted(path for path, folder in self.folders.items() if not folder[0])

    @property
    def name(self) -> bytes:
        """What tells this tree from others, whatever is in it."""
        return _key(self.root, self.starts)

    # ------------------------------------------------------------------------------- learning

    def learn(self, marks: dict[str, tuple[bytes, bytes]]) -> None:
        """Take over signature and identity of the files, from whoever has read them all."""
        for path, (own, below, names, _, _) in self.folders.items():
            if names:
                pairs = [
                    marks.get(path + name) or examine(self.root, path + name)[1:] for name in names.split("/")
                ]
                signatures = b"".join(mark or bytes(_WIDTH) for mark, _ in pairs)
                self.folders[path] = own, below, names, signatures, b"".join(each for _, each in pairs)
        self.known = True
        self._opened.clear()
        for name in ("identities", "digest"):
            self.__dict__.pop(name, None)

    def save(self, store: Store) -> None:
        """Keep the snapshot for the next run."""
        if self.known and not self.saved:
            state = (_FORMAT, self.taken, self.folders, self.digest)
            self.saved = store.save(_KIND, self.name, marshal.dumps(state, 2))

    # ------------------------------------------------------------------------------- comparing

    def _changes(
        self, jobs: int, likely: Sequence[str], meanwhile: Callable[[], None] | None
    ) -> dict[str, Folder | None]:
        """The folders that aren't as they were, and new ones; None for one that is gone. A folder is among
        them, too, where it was only touched, or may have changed since it was looked at.
        """
        root, starts, taken = self.root, self.starts, self.taken

        def work(part: Sequence[tuple[str, Folder]]) -> dict[str, Folder | None]:
            changes: dict[str, Folder | None] = {}
            for path, folder in part:
                if not _as_before(root, path, folder, taken):
                    changes.update(_look(root, path, folder, taken, starts))
            return changes

        folders = list(self.folders.items())
        jobs = jobs if len(folders) > _MOST_ALONE else 1
        if jobs == 1 or meanwhile is None or not self._has_changed(likely):
            parts = spread(work, folders, jobs)
        else:
            others = [folders[number :: jobs - 1] for number in range(jobs - 1)]

            def work_beside(mine: Sequence[Sequence[tuple[str, Folder]]]) -> dict[str, Folder | None]:
                found: dict[str, Folder | None] = {}
                for part in mine:
                    if part:
                        found.update(work(part))
                    else:
                        meanwhile()
                return found

            parts = spread(work_beside, [[], *others], jobs)
        return {path: folder for part in parts for path, folder in part.items()}

    def _has_changed(self, paths: Sequence[str]) -> bool:
        """Whether one of the paths, which are few, is in a folder that has changed since, or is one."""
        folders = {f"{path}/" for path in paths} | {path[: path.rfind("/") + 1] for path in paths}
        return any(
            not _as_before(self.root, path, self.folders[path], self.taken)
            for path in sorted(folders & self.folders.keys())
        )


def identity_in(contents: Contents, path: str) -> bytes | None:
    """The identity that a file had; None where it wasn't there."""
    folder = path[: path.rfind("/") + 1]
    return _by_name(*contents.get(folder, ("", b""))).get(path[len(folder) :])


def _by_name(names: str, identities: bytes) -> dict[str, bytes]:
    if not identities:
        return {}
    return {
        name: identities[number * _ID : number * _ID + _ID] for number, name in enumerate(names.split("/"))
    }


def _key(root: str, starts: dict[str, frozenset[str]]) -> bytes:
    return repr((root, [(start, sorted(skip)) for start, skip in starts.items()])).encode()


def _load(root: str, starts: dict[str, frozenset[str]], store: Store) -> Snapshot | None:
    data = store.load(_KIND, _key(root, starts))
    if data is None:
        return None
    state = marshal.loads(data)
    if state[0] != _FORMAT:
        return None
    _, taken, folders, digest = state
    snapshot = Snapshot(root, starts, folders, taken)
    snapshot.__dict__["digest"] = digest
    return snapshot


def _as_before(root: str, path: str, folder: Folder, taken: int) -> bool:
    """Whether a folder and its files have the signatures that they had, from long enough before ``taken``."""
    own, _, names, signatures, _ = folder
    try:
        descriptor = os.open(root + "/" + path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        now = signature(os.fstat(descriptor))
        if pack_signature(*now) != own or now[2] > taken - _GRAIN:
            return False
        if not names:
            return True
        status = os.stat
        numbers = array(
            "q",
            chain.from_iterable([signature(status(name, dir_fd=descriptor)) for name in names.split("/")]),
        )
        return numbers.tobytes() == signatures and max(numbers[2::4]) <= taken - _GRAIN
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _look(
    root: str, path: str, before: Folder | None, taken: int, starts: dict[str, frozenset[str]]
) -> dict[str, Folder | None]:
    """A folder as it is now, and all those in it that are new. Files are read unless nothing says that they
    changed.
    """
    listed = _scan_folder(root, path, starts.get(path, frozenset()))
    if listed is None:
        return {path: _CLOSED if os.path.isdir(root + "/" + path) else None}
    own, below, names = listed
    old: dict[str, tuple[bytes, bytes]] = {}
    if before is not None and before[2]:
        _, _, old_names, signatures, identities = before
        for number, name in enumerate(old_names.split("/")):
            old[name] = (
                signatures[number * _WIDTH : number * _WIDTH + _WIDTH],
                identities[number * _ID : number * _ID + _ID],
            )
    marks: list[tuple[bytes, bytes]] = []
    for name in names:
        known = old.get(name)
        if known is not None:
            try:
                now = signature(os.stat(root + "/" + path + name))
                if pack_signature(*now) == known[0] and now[2] <= taken - _GRAIN:
                    marks.append(known)
                    continue
            except OSError:
                pass
        _, mark, identity = examine(root, path + name)
        marks.append((mark or bytes(_WIDTH), identity))
    changes: dict[str, Folder | None] = {
        path: (
            own,
            "/".join(below),
            "/".join(names),
            b"".join(mark for mark, _ in marks),
            b"".join(identity for _, identity in marks),
        )
    }
    known_below = set(before[1].split("/")) if before is not None else set()
    for name in below:
        if name not in known_below:
            changes.update(_look(root, f"{path}{name}/", None, taken, starts))
    return changes


def _scan_folder(root: str, path: str, skip: frozenset[str]) -> tuple[bytes, list[str], list[str]] | None:
    """A folder's signature from before it was listed, its subfolders, its C files; None if that fails."""
    below: list[str] = []
    names: list[str] = []
    try:
        descriptor = os.open(root + "/" + path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        own = pack_signature(*signature(os.fstat(descriptor)))
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if is_source(entry):
                    names.append(entry.name)
                elif entry.name[0] != "." and entry.name not in skip and entry.is_dir(follow_symlinks=False):
                    below.append(entry.name)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return own, sorted(below), sorted(names)


def _list_beside(
    root: str, starts: dict[str, frozenset[str]], jobs: int, meanwhile: Callable[[], None] | None
) -> dict[str, Folder]:
    """:func:`_list` in a process of its own, where this one has something to do meanwhile."""
    if jobs == 1 or meanwhile is None:
        return _list(root, starts)

    def work(listing: Sequence[bool]) -> dict[str, Folder]:
        if listing[0]:
            return _list(root, starts)
        meanwhile()
        return {}

    return spread(work, [False, True], 2)[1]


def _list(root: str, starts: dict[str, frozenset[str]]) -> dict[str, Folder]:
    """Every folder below the starts, its files unread."""
    folders: dict[str, Folder] = {}
    pending = list(starts)
    while pending:
        path = pending.pop()
        listed = _scan_folder(root, path, starts.get(path, frozenset()))
        if listed is None:
            folders[path] = _CLOSED
        elif path not in folders:
            own, below, names = listed
            folders[path] = own, "/".join(below), "/".join(names), b"", b""
            pending.extend(f"{path}{name}/" for name in below)
    return folders


def _reachable(starts: Iterable[str], folders: dict[str, Folder | None]) -> dict[str, Folder]:
    """The folders that still hang together with a start."""
    found: dict[str, Folder] = {}
    pending = list(starts)
    while pending:
        path = pending.pop()
        folder = folders.get(path)
        if folder is not None and path not in found:
            found[path] = folder
            if folder[1]:
                pending.extend(f"{path}{name}/" for name in folder[1].split("/"))
    return found
