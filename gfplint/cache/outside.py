"""What an answer rests on that the snapshot of a tree says nothing of: kept with the answer, and compared.

That is what was read or looked for elsewhere (a ``.clang-format``, a ``.c`` file in ``tools/``), and the
content of files that the snapshot only counts: a header that lists registers may be included and read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from gfplint.kernel import files
from gfplint.kernel.files import NO_FILE, REGISTER_LIST, TOO_LARGE

Read = Iterable[tuple[str, bytes]]
"""Files with the identities of what was read."""
LookedFor = Iterable[tuple[str, bool]]
"""Files, and whether they were there."""
Listings = Iterable[tuple[str, list[str]]]
"""Folders with the headers in them."""

_COUNTED = (REGISTER_LIST, TOO_LARGE)


def covers(known: bytes | None) -> bool:
    """Whether a snapshot that has this identity for a file (None: none) speaks of the file's content."""
    return known is not None and known not in _COUNTED


def as_then(root: str, read: Read, looked_for: LookedFor, listings: Listings) -> bool:
    """Whether all of it below ``root`` is as it was."""
    return (
        all(_identity(root, path) == content for path, content in read)
        and all(os.path.isfile(f"{root}/{path}") == there for path, there in looked_for)
        and all(files.list_headers(root, folder) == names for folder, names in listings)
    )


def _identity(root: str, path: str) -> bytes:
    """The identity of a file's content as it is now, whatever a snapshot makes of the file."""
    known = files.examine(root, path)[2]
    if covers(known):
        return known
    try:
        return files.identity(files.read_bytes(f"{root}/{path}"))
    except (OSError, ValueError):
        return NO_FILE
