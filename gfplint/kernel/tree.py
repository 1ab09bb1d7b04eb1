"""A kernel source tree on disk, or a folder of C files with no kernel around it.

What comes in: a path inside it and the user's choices. What goes out: :class:`KernelTree`, which knows the
root, version, configuration and files, reads files, and has the :class:`~gfplint.kernel.index.Index`.
"""

from __future__ import annotations

import contextlib
import os
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gfplint.errors import ConfigError, SourceError
from gfplint.kernel.files import NO_FILE, SIDE_FOLDERS, identity, list_files, list_headers, read_bytes
from gfplint.kernel.kconfig import ARCHITECTURES, Config
from gfplint.kernel.project import inside, outside, project_root
from gfplint.kernel.trace import Trace

if TYPE_CHECKING:
    from gfplint.cache.store import Store
    from gfplint.kernel.index import Index
    from gfplint.kernel.snapshot import Snapshot

_CACHE_BYTES = 32 << 20
"""How many bytes of files :meth:`KernelTree.read` keeps before it forgets the oldest."""

_VERSION = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*:?=[ \t]*(\S*)[ \t]*$", re.MULTILINE)


@dataclass(slots=True)
class Consulted:
    """What the answers so far rest on, of a tree with a ``store``: the identity of each file that was read,
    whether each file that was looked for is there, the headers of each folder that was listed, and whether
    anything else was asked about files that the index doesn't cover.
    """

    reads: dict[str, bytes] = field(default_factory=dict)
    looked_for: dict[str, bool] = field(default_factory=dict)
    listings: dict[str, list[str]] = field(default_factory=dict)
    beyond: bool = False
    changing: bool = False
    """Whether a file was read twice, with a change between."""

    def add(self, other: Consulted) -> None:
        """Take over what another process consulted."""
        for path, content in other.reads.items():
            self.note_read(path, content)
        for mine, theirs in ((self.looked_for, other.looked_for), (self.listings, other.listings)):
            self.beyond |= any(theirs[path] != mine[path] for path in mine.keys() & theirs.keys())
        self.looked_for.update(other.looked_for)
        self.listings.update(other.listings)
        self.beyond |= other.beyond
        self.changing |= other.changing

    def note_read(self, path: str, content: bytes) -> None:
        """A file was read and had this identity."""
        self.changing |= self.reads.setdefault(path, content) != content


class KernelTree:
    """The tree that a run reads. Made by :meth:`discover`; paths that go in and out are relative to ``root``
    and written with ``/``.
    """

    def __init__(
        self,
        root: Path,
        *,
        kconfig: Path | None = None,
        arch: str = "x86",
        jobs: int = 1,
        store: Store | None = None,
    ) -> None:
        self.root = Path(os.path.abspath(root))
        self.arch = arch
        self.jobs = jobs
        self.unlistable: list[str] = []
        self.version, self.version_text = _version(self.root)
        self.is_kernel = self.version is not None and (self.root / "include" / "linux").is_dir()
        if not self.is_kernel:
            self.version = self.version_text = None
        if self.is_kernel and arch not in ARCHITECTURES and not self._has_architecture(arch):
            known = sorted(path.name for path in (self.root / "arch").glob("*") if path.is_dir())
            raise ConfigError(
                f"There is no architecture {arch!r}; this tree has {', '.join(known) or 'none'}."
            )
        if kconfig is None:
            self.config = Config(None, arch, self.version)
        else:
            self.config = Config.from_file(kconfig, arch, self.version)
        self._prefix = str(self.root).rstrip("/") + "/"
        self.project: str | None = None
        """A folder outside that is read as if it were part of the tree, relative to ``root``: a driver's
        own repository, checked against a kernel.
        """
        self.store = store
        """Where answers of earlier runs are kept, if anywhere."""
        self.consulted = Consulted()
        self.trace = Trace(store is not None)
        """What each answer rests on, so that it can be kept."""
        self._cache: dict[str, bytes] = {}
        self._cached = 0
        self._configs: dict[str, Config] = {}
        self._listed: dict[str, list[str]] = {}

    @classmethod
    def discover(
        cls,
        *paths: Path,
        kernel: Path | None = None,
        kconfig: Path | None = None,
        arch: str = "x86",
        jobs: int = 1,
        store: Store | None = None,
    ) -> KernelTree:
        """The tree around the first of ``paths``, or the one at ``kernel``; without either, the project that
        the paths belong to (:mod:`~gfplint.kernel.project`).

        A kernel's root is a folder with a ``Makefile`` that sets ``VERSION`` and ``PATCHLEVEL``, and
        ``include/linux``. Where ``kernel`` is given, paths outside it are read along with it. Raises
        :class:`SourceError` where a path doesn't exist, or where ``kernel`` isn't a kernel's root.
        """
        for path in paths:
            try:
                found = Path(os.path.abspath(path)).exists()
            except FileNotFoundError as error:
                raise SourceError("The current folder doesn't exist any more.") from error
            if not found:
                raise SourceError(f"There is no file or folder {path}.")
        if kernel is not None:
            root = Path(os.path.abspath(kernel))
            project = outside(Path(os.path.realpath(root)), paths)
            place = Path(os.path.realpath(root)) if project else root
            tree = cls(place, kconfig=kconfig, arch=arch, jobs=jobs, store=store)
            if not tree.is_kernel:
                raise SourceError(
                    f"{kernel} is not the root of a kernel tree: it needs a Makefile and include/linux."
                )
            tree.project = project
            return tree
        root = _kernel_around(Path(os.path.abspath(paths[0]))) or project_root(paths)
        return cls(root, kconfig=kconfig, arch=arch, jobs=jobs, store=store)

    def relative(self, path: Path) -> str:
        """A path relative to the tree's root, ``""`` for the root itself. What lies outside begins with
        ``../`` where there is a ``project``; otherwise it raises :class:`SourceError`.
        """
        absolute = os.path.abspath(path)
        for one, root in (
            (absolute, self._prefix),
            (os.path.realpath(path), os.path.realpath(self.root) + "/"),
        ):
            if one + "/" == root:
                return ""
            if one.startswith(root):
                return one[len(root) :].replace(os.sep, "/")
        if self.project is not None:
            return os.path.relpath(os.path.realpath(path), self.root).replace(os.sep, "/")
        raise SourceError(f"{path} is not inside the tree {self.root}.")

    def shown(self, path: str) -> str:
        """A path as reports print it: relative to ``root``, or absolute for a file outside."""
        return os.path.normpath(self._prefix + path) if path.startswith("../") else path

    def hidden(self, path: str) -> str:
        """The opposite of :meth:`shown`: a path that reports print, relative to ``root``."""
        return os.path.relpath(path, self.root).replace(os.sep, "/") if os.path.isabs(path) else path

    def stable(self, path: str) -> str:
        """A path that doesn't depend on where on this machine a file outside is: relative to its project."""
        if self.project is None or not path.startswith("../"):
            return path
        return os.path.relpath(self._prefix + path, self._prefix + self.project).replace(os.sep, "/")

    def meant(self, stable: str) -> tuple[str, ...]:
        """The opposite of :meth:`stable`: the path, and the one in the project that it may stand for."""
        return (stable,) if self.project is None else (stable, f"{self.project}/{stable}")

    def _has_architecture(self, arch: str) -> bool:
        return arch.replace("_", "").isalnum() and (self.root / "arch" / arch).is_dir()

    def c_files(self, under: str = "") -> list[str]:
        """Sorted paths of the ``.c`` files at or below ``under``.

        For the whole tree without ``tools/``, ``scripts/``, ``samples/`` and others that are no part of a
        kernel; they are listed where ``under`` names them. Other architectures belong: a run is about source,
        not about one build.
        """
        under = under.strip("/")
        if under.endswith(".c") and (self.root / under).is_file():
            return [under]
        return [path for path in self._files(under) if path.endswith(".c")]

    def _files(self, under: str) -> list[str]:
        listed = self._listed.get(under)
        if listed is None:
            snapshot = self.snapshot
            if snapshot is None or not snapshot.has_folder(under):
                listed = list_files(str(self.root), under, self._skip, self.unlistable)
                if self.project is not None and not under:
                    listed = sorted([*listed, *list_files(str(self.root), self.project)])
            else:
                listed = snapshot.files
                folder = f"{under}/" if under else ""
                self.unlistable.extend(path for path in snapshot.unlistable if path.startswith(folder))
                if under:
                    start, stop = bisect_left(listed, folder), bisect_left(listed, f"{under}0")
                    listed = listed[start:stop]  # '0' is the character behind '/'
            if self.project is not None and not under:
                twice = inside(self.root, self.project)
                listed = [path for path in listed if not path.startswith(twice)]
            self._listed[under] = listed
        return listed

    def headers_in(self, folder: str) -> list[str]:
        """The headers directly in a folder, sorted."""
        self.trace.leaf("list", folder)
        found = self.consulted.listings.get(folder)
        if found is None:
            found = self.consulted.listings[folder] = list_headers(str(self.root), folder)
        return found

    @property
    def _skip(self) -> frozenset[str]:
        return SIDE_FOLDERS if self.is_kernel else frozenset()

    @cached_property
    def snapshot(self) -> Snapshot | None:
        """The state of the tree's files when it was first asked for; None without a ``store``."""
        if self.store is None:
            return None
        return self._snapshot(self.store, (), None)

    def look(self, paths: Iterable[Path], meanwhile: Callable[[], None]) -> None:
        """Take the :attr:`snapshot` now. If a file at or beside one of the paths has changed, so that much is
        to be done afterwards, other processes take most of it while this one does ``meanwhile``.
        """
        if self.store is not None and self.jobs > 1:
            with contextlib.suppress(SourceError):
                likely = [self.relative(path) for path in paths]
                self.__dict__["snapshot"] = self._snapshot(self.store, likely, meanwhile)

    def _snapshot(
        self, store: Store, likely: Sequence[str], meanwhile: Callable[[], None] | None
    ) -> Snapshot:
        from gfplint.kernel.snapshot import Snapshot

        starts = {"": self._skip}
        if self.project is not None:
            starts[self.project] = frozenset()
        return Snapshot.take(str(self.root), starts, store, self.jobs, likely, meanwhile)

    def read(self, path: str) -> bytes:
        """The bytes of a file, kept for the next time. Raises :class:`SourceError`."""
        self.trace.leaf("file", path)
        data = self._cache.get(path)
        if data is None:
            try:
                data = read_bytes(self._prefix + path)
            except (OSError, ValueError) as error:
                self.consulted.note_read(path, NO_FILE)
                reason = getattr(error, "strerror", None) or str(error)
                raise SourceError(f"The file {path} can't be read: {reason}.") from error
            if self.store is not None:
                self.consulted.note_read(path, identity(data))
            self._cached += len(data)
            while self._cached > _CACHE_BYTES and self._cache:
                self._cached -= len(self._cache.pop(next(iter(self._cache))))
            self._cache[path] = data
        return data

    def total_size(self, paths: Iterable[str]) -> int:
        """Bytes of these files together; those that can't be read count nothing."""
        total = 0
        for path in paths:
            with contextlib.suppress(OSError):
                total += os.stat(self._prefix + path).st_size
        return total

    def exists(self, path: str) -> bool:
        """Whether there is a file of that name."""
        found = self.consulted.looked_for.get(path)
        if found is None:
            found = self.consulted.looked_for[path] = path in self._cache or os.path.isfile(
                self._prefix + path
            )
        self.trace.leaf("ask", path, "exists", "", int(found))
        return found

    def config_for(self, path: str) -> Config:
        """The configuration under which a file is read: without a ``.config``, that of its own architecture
        for what lies below ``arch/``, and the tree's for the rest.
        """
        if self.config.options is None and path.startswith("arch/"):
            arch = path.split("/", 2)[1]
            if arch != self.arch and arch in ARCHITECTURES:
                config = self._configs.get(arch)
                if config is None:
                    config = self._configs[arch] = Config(None, arch, self.version)
                return config
        return self.config

    @cached_property
    def index(self) -> Index:
        """Where names are defined; costs nothing until it is asked."""
        from gfplint.kernel.index import Index

        return Index(
            str(self.root),
            self._files(""),
            self.read,
            self.arch,
            self.jobs,
            self.snapshot,
            self.store,
            self._beyond,
            self.trace,
        )

    def _beyond(self) -> None:
        self.consulted.beyond = True


def find_root(path: Path) -> Path:
    """The root of the tree that :meth:`KernelTree.discover` finds for a path, without opening it."""
    return _kernel_around(Path(os.path.abspath(path))) or project_root((path,))


def _kernel_around(path: Path) -> Path | None:
    """The root of the kernel tree around an absolute path, if there is one."""
    folder = path if path.is_dir() else path.parent
    for candidate in (folder, *folder.parents):
        if (candidate / "include" / "linux").is_dir() and _version(candidate)[0] is not None:
            return candidate
    return None


def _version(root: Path) -> tuple[tuple[int, int, int] | None, str | None]:
    """The version that the top ``Makefile`` states, as numbers and as text; (None, None) where it doesn't."""
    try:
        with open(root / "Makefile", "rb") as stream:
            text = stream.read(4096).decode("utf-8", "replace")
    except OSError:
        return None, None
    values = dict(_VERSION.findall(text))
    try:
        version = int(values["VERSION"]), int(values["PATCHLEVEL"]), int(values.get("SUBLEVEL") or 0)
    except (KeyError, ValueError):
        return None, None
    return version, ".".join(str(number) for number in version) + values.get("EXTRAVERSION", "")
