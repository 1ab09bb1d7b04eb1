"""The folder that files belong to where no kernel's root is above them.

What comes in: paths that exist. What goes out: the folder whose C files are read together with them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def project_root(paths: Iterable[Path]) -> Path:
    """The folder around all of ``paths``: a folder is its own, a file's is the repository that it is in (the
    nearest folder with a ``.git``), or else the folder it lies in. A ``.git`` in the home folder, where
    some keep their settings, makes no project of everything below.
    """
    return Path(os.path.commonpath([_around(Path(os.path.abspath(path))) for path in paths]))


def _around(path: Path) -> Path:
    if path.is_dir():
        return path
    home = os.path.expanduser("~")
    for folder in path.parents:
        if (folder / ".git").exists() and str(folder) not in (home, folder.anchor):
            return folder
    return path.parent


def outside(root: Path, paths: Iterable[Path]) -> str | None:
    """The project of those ``paths`` that aren't below ``root``, relative to ``root`` (``../../driver``);
    None where there are none. ``root`` has no symbolic links in it, so that ``..`` means what it says.
    """
    strange = [path for path in paths if not _below(root, path)]
    if not strange:
        return None
    around = os.path.realpath(project_root(strange))
    return os.path.relpath(around, root).replace(os.sep, "/")


def _below(root: Path, path: Path) -> bool:
    real = Path(os.path.realpath(path))
    return real == root or root in real.parents or root in Path(os.path.abspath(path)).parents


def inside(root: Path, project: str) -> str:
    """What the names of the files below ``root`` begin with when they are reached through ``project``, as
    where a driver's repository has a kernel tree in it; a NUL, which no name has, where they can't be.
    """
    back = os.path.relpath(root, root / project).replace(os.sep, "/")
    return "\0" if back.startswith("..") else f"{project}/{back}/"
