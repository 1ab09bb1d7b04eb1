"""What changed: a diff, or a tree since a revision, as lines of the files as they are now.

What comes in: the text of a diff or the name of a revision. What goes out: :class:`Changes`. Which findings
the changes touch, and which files have to be analysed to see them, is decided by
:mod:`gfplint.analysis.touched`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileChange:
    """What changed in one file; lines count from 1, in the file as it is now.

    ``added`` are the lines that are new or differ. ``removed`` are the lines before which something is gone,
    with nothing or with less in its place.
    """

    added: frozenset[int]
    removed: frozenset[int]


@dataclass(frozen=True, slots=True)
class Changes:
    """The changed C files by absolute path, sorted; deleted ones aren't among them.

    ``what`` names the origin for messages: ``the diff fix.patch``, ``the changes since v6.12``.
    """

    what: str
    files: tuple[tuple[Path, FileChange], ...]


def is_c(path: str) -> bool:
    """Whether gfplint reads such a file at all."""
    return path.endswith((".c", ".h"))
