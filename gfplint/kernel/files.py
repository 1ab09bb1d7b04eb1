"""Files of a tree: listing them and reading their bytes, as fast as Python can.

A kernel tree has some 55,000 C files and 1.2 GB of them; what costs here is the number of system
calls, so a file is read with open, fstat, read and close and nothing else.
"""

from __future__ import annotations

import errno
import operator
import os
import struct

from xxhash import xxh3_128_digest

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


NO_FILE, REGISTER_LIST, TOO_LARGE = bytes(16), b"register list...", b"too large......."
"""Identities of what has no content for gfplint: a file that can't be read, a list of registers, more than
`MAX_SIZE`.
"""


def read_source(root: str, path: str) -> bytes:
    """The content of the source file ``path`` below ``root``; empty if it can't be read, is a register list
    or larger than `MAX_SIZE`.
    """
    return examine(root, path)[0]


def examine(root: str, path: str) -> tuple[bytes, bytes, bytes]:
    """Content, signature and identity of a source file.

    The content is empty for a file that can't be read, is a register list or larger than `MAX_SIZE`. The
    signature (:func:`signature`) is that from before reading; the identity (16 bytes) is that of the content:
    files with equal identities are equal to whoever reads them here.
    """
    try:
        descriptor = os.open(root + "/" + path, os.O_RDONLY)
    except OSError:
        return b"", b"", NO_FILE
    try:
        status = os.fstat(descriptor)
        mark = pack_signature(*signature(status))
        size = status.st_size
        if path.endswith(".h") and size >= REGISTER_LIST_SIZE and not path.startswith("include/"):
            head = os.read(descriptor, REGISTER_LIST_SIZE)
            if head.count(b"\n#define ") * 10 >= head.count(b"\n") * 6:
                return b"", mark, REGISTER_LIST
            data = head + _rest(descriptor, min(size, MAX_SIZE + 1))
        else:
            # One byte more than there should be: a short answer is the end of the file.
            data = os.read(descriptor, min(size, MAX_SIZE) + 1)
            if len(data) != size:
                data += _rest(descriptor, _CHUNK)
        if len(data) > MAX_SIZE:
            return b"", mark, TOO_LARGE
        return data, mark, identity(data)
    except OSError:
        return b"", b"", NO_FILE
    finally:
        os.close(descriptor)


def _rest(descriptor: int, chunk: int) -> bytes:
    """What is still to be read."""
    parts: list[bytes] = []
    while len(parts) * _CHUNK <= MAX_SIZE and (part := os.read(descriptor, max(chunk, 1))):
        parts.append(part)
    return b"".join(parts)


def identity(data: bytes) -> bytes:
    """16 bytes for a file's content.

    XXH3, at the speed of memory: a cryptographic hash would make the first run on a tree a tenth longer.
    """
    return xxh3_128_digest(data)


signature = operator.attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")
"""What tells, without reading, that a file or folder is as it was: four numbers of its status."""

pack_signature = struct.Struct("=4q").pack


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
                if is_source(entry):
                    found.append(folder + name)
                elif name[0] != "." and entry.is_dir(follow_symlinks=False) and (folder or name not in skip):
                    pending.append(folder + name + "/")
    found.sort()
    return found


def is_source(entry: os.DirEntry[str]) -> bool:
    """Whether an entry of a folder is a C file of the tree's: a regular one, and not generated."""
    name = entry.name
    return name[-2:] in (".c", ".h") and entry.is_file(follow_symlinks=False) and not name.endswith(".mod.c")


def list_headers(root: str, folder: str) -> list[str]:
    """Sorted paths of the headers directly in a folder, links among them."""
    try:
        names = os.listdir(f"{root}/{folder}")
    except OSError:
        return []
    return sorted(f"{folder}/{name}".lstrip("/") for name in names if name.endswith(".h"))
