"""Names of files that whoever reads the report can open."""

from __future__ import annotations

import os
from functools import cache


def reachable(root: str | None, path: str, folder: str = "") -> str:
    """The name of the tree's file `path` for a reader who stands in `folder` ("": the current one).

    Relative where the file lies below that folder, because that is what compilers print and what annotations
    need; else absolute. Symbolic links above the tree and above the folder are seen through. Without a root
    the path stays as it is.
    """
    if root is None:
        return path
    for above, below in _bases(root, folder or os.getcwd()):
        target = os.path.normpath(os.path.join(below, path))
        if target.startswith(above):
            return target[len(above) :]
    return os.path.normpath(os.path.join(root, path))


@cache
def _bases(root: str, folder: str) -> tuple[tuple[str, str], ...]:
    """The folder (with its slash) and the root, as they were named and as they really are."""
    return tuple(
        (above.rstrip("/") + "/", below)
        for above, below in ((folder, root), (os.path.realpath(folder), os.path.realpath(root)))
    )
