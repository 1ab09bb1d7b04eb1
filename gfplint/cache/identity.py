"""What an answer depends on besides the kernel tree, as short digests.

- gfplint itself: the content of its Python files, so that a developer's edit counts like a new version.
- The libraries that parse C for it, and Python. Their files are taken by size and time: installing another
  version replaces them.
- Rules and API models: the content of the folders' files.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from xxhash import xxh3_128

_LIBRARIES = ("tree_sitter", "tree_sitter_c", "pycparser")


def code() -> bytes:
    """16 bytes that change with gfplint, Python and the parsers."""
    digest = xxh3_128(sys.version.encode())
    digest.update(sys.platform.encode())
    _add_content(digest, Path(__file__).resolve().parent.parent, ".py")
    for library in _LIBRARIES:
        spec = importlib.util.find_spec(library)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda each: each.name):
                    if entry.is_file():
                        status = entry.stat()
                        digest.update(f"{entry.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.digest()


def rules(folders: Iterable[Path]) -> bytes:
    """16 bytes that change with the content of the rules in these folders."""
    digest = xxh3_128()
    for folder in folders:
        _add_content(digest, folder, ".toml")
    return digest.digest()


def _add_content(digest: xxh3_128, folder: Path, suffix: str) -> None:
    """Add every file of that kind below a folder, by its path and content."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(suffix):
                path = os.path.join(where, name)
                try:
                    with open(path, "rb") as stream:
                        data = stream.read()
                except OSError:
                    data = b"unreadable"
                inside = os.fsencode(os.path.relpath(path, folder))
                digest.update(b"%d %b %d\n" % (len(inside), inside, len(data)))
                digest.update(data)
