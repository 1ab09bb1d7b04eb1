"""Files of a tree: listing them and reading their bytes, as fast as Python can.

A kernel tree has some 55,000 C files and 1.2 GB of them; what costs here is the number of system
calls, so a file is read with open, read and close and nothing else.
"""

from __future__ import annotations

import errno
import os

SIDE_FOLDERS = frozenset({"Documentation", "rust", "samples", "scripts", "tools", "usr"})
"""Top-level folders of a kernel tree whose files are no part of a kernel: programs of the build and of
user space, which define thousands of the kernel's own names a second time.
"""

REGISTER_LIST_SIZE = 1 << 16
"""Headers at least this big (bytes), outside ``include/``, with ``#define`` on six of ten lines of these
first bytes are taken for lists of a device's registers. 6.12 has 370 of them, 470 MB, three quarters of all
header bytes, with five million macros; nothing in them is a function, a type or a mask.
"""

MAX_SIZE = 32 << 20
"""Bytes of the largest file that is read. The largest of a kernel, a list of registers, has 24 MB."""

_CHUNK = 1 << 20


def read_source(root: str, path: str) -> bytes:
    """The content of the source file ``path`` below ``root``; empty if it can't be read, is a register list
    or larger than `MAX_SIZE`.
    """
    try:
        descriptor = os.open(root + "/" + path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        if path.endswith(".h") and not path.startswith("include/"):
            data = os.read(descriptor, REGISTER_LIST_SIZE)
            if len(data) < REGISTER_LIST_SIZE:
                return data
            if data.count(b"\n#define ") * 10 >= data.count(b"\n") * 6:
                return b""
            parts = [data]
        else:
            data = os.read(descriptor, _CHUNK)
            if len(data) < _CHUNK:
                return data
            parts = [data]
        while part := os.read(descriptor, _CHUNK):
            parts.append(part)
            if len(parts) * _CHUNK > MAX_SIZE:
                return b""
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def read_bytes(path: str) -> bytes:
    """The content of a file. Raises ``OSError``, ``EFBIG`` where it is larger than `MAX_SIZE`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        data = os.read(descriptor, _CHUNK)
        if len(data) < _CHUNK:
            return data
        parts = [data]
        while part := os.read(descriptor, _CHUNK):
            parts.append(part)
            if len(parts) * _CHUNK > MAX_SIZE:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return b"".join(parts)
    finally:
        os.close(descriptor)


def list_files(
    root: str, under: str = "", skip: frozenset[str] = frozenset(), unlistable: list[str] | None = None
) -> list[str]:
    """Sorted paths, relative to ``root``, of the regular ``.c`` and ``.h`` files below ``root/under``.

    ``under`` is ``""`` or a folder's relative path; ``skip`` names folders directly below ``root`` that
    are left out. Symbolic links aren't followed: a kernel tree uses them to show one file at two places.
    Hidden folders and folders that can't be listed are passed over (and the latter added to ``unlistable``),
    ``foo.mod.c`` is generated and no source.
    """
    found: list[str] = []
    pending = [under.strip("/") + "/" if under.strip("/") else ""]
    while pending:
        folder = pending.pop()
        try:
            entries = os.scandir(os.path.join(root, folder))
        except OSError:
            if unlistable is not None:
                unlistable.append(folder)
            continue
        with entries:
            for entry in entries:
                name = entry.name
                if name[-2:] in (".c", ".h"):
                    if entry.is_file(follow_symlinks=False) and not name.endswith(".mod.c"):
                        found.append(folder + name)
                elif name[0] != "." and entry.is_dir(follow_symlinks=False) and (folder or name not in skip):
                    pending.append(folder + name + "/")
    found.sort()
    return found
