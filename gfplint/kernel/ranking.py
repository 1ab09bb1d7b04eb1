"""Which of several definitions of one name a file means, judged by where the files lie.

A stand-in for ``#include`` and the linker, which would need a build: the kernel's folders say who may see
whom. The order is a likelihood; whoever can do better (static before global, an include that is there) does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from gfplint.kernel.files import SIDE_FOLDERS

_CORE = frozenset(
    {"block", "certs", "crypto", "fs", "init", "io_uring", "ipc", "kernel", "lib", "mm", "security", "virt"}
)
"""Top-level folders whose functions the whole kernel calls; of ``fs`` only the files directly in it."""

_OWN_WORLDS = frozenset({"boot", "um", "purgatory", "vdso", "tools"})
"""Folders of an architecture that are programs of their own, with their own ``memcpy()`` and ``printk()``."""


class _Placed(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def static(self) -> bool: ...


Place = TypeVar("Place", bound=_Placed)


def rank(sites: Iterable[Place], from_path: str, arch: str) -> tuple[Place, ...]:
    """``sites``, likeliest first as seen from the file ``from_path`` (relative, may not exist).

    The same file; the same folder, its headers first; the folder that shares most of the path, where that
    says more than a top-level folder; the architecture's headers, ``include/``, then the kernel's core; the
    rest; other architectures. Files of ``arch/X`` mean ``arch/X``, all others ``arch``. What lies in
    ``tools/``, ``scripts/`` and their like is left out unless ``from_path`` lies in the same one.
    """
    folder, _, _ = from_path.rpartition("/")
    parts = folder.split("/")
    if parts[0] == "arch" and len(parts) > 1:
        arch = parts[1]

    def key(site: Place) -> tuple[int, int, bool, str, int]:
        path = site.path
        near, _, name = path.rpartition("/")
        header = name.endswith(".h")
        group, distance = _group(near, folder, parts, arch, header)
        if path == from_path:
            group = 0
        return group, distance, not header if group == 1 else site.static, path, site.offset

    top = parts[0]
    allowed = [
        site for site in sites if (first := site.path.partition("/")[0]) not in SIDE_FOLDERS or first == top
    ]
    return tuple(sorted(allowed, key=key))


OWN, COMMON, GENERIC, FOREIGN = range(4)
"""What :func:`standing` says of a header."""


def standing(path: str, from_path: str, arch: str) -> int:
    """Whose header ``path`` is as seen from ``from_path``: OWN for one of the architecture's, GENERIC for one
    of ``asm-generic``, which the architecture's replace, FOREIGN for another architecture's, else COMMON.
    """
    parts = from_path.split("/")
    if parts[0] == "arch" and len(parts) > 1:
        arch = parts[1]
    there = path.split("/")
    if there[0] == "arch" and len(there) > 1:
        return OWN if there[1] == arch else FOREIGN
    return GENERIC if there[:2] == ["include", "asm-generic"] else COMMON


def is_public(path: str) -> bool:
    """Whether a header is for all of the kernel."""
    return path.startswith("include/") or (path.startswith("arch/") and "/include/" in path)


def _group(near: str, folder: str, parts: list[str], arch: str, header: bool) -> tuple[int, int]:
    """How far the folder ``near`` is from ``folder``: a class, and an order within the class."""
    if near == folder:
        return 1, 0
    there = near.split("/")
    shared = 0
    for left, right in zip(there, parts, strict=False):
        if left != right:
            break
        shared += 1
    top = there[0]
    if top == "arch" and len(there) > 1 and there[1] != arch:
        return 9, 0
    if shared >= 2 or top in SIDE_FOLDERS:
        return 2, -shared
    if top == "arch":
        if not _OWN_WORLDS.isdisjoint(there):
            return 8, 0
        return (3, 0) if len(there) > 2 and there[2] == "include" else (6, 0)
    if top == "include":
        # asm-generic is what an architecture's own header replaces.
        return 4, 1 if there[1:2] == ["asm-generic"] else 0
    if (top in _CORE and (top != "fs" or len(there) == 1)) or near == "net/core":
        # A .c file's header in the core is private to the core.
        return (5, 0) if not header or parts[0] in _CORE else (7, 1)
    return 7, 1 - min(shared, 1)
