"""From ``--diff`` or ``--since`` to :class:`~gfplint.changes.Changes`: where the files of a change are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gfplint.changes import Changes
from gfplint.errors import UsageError


def load(diff: str | None, since: str | None, paths: Sequence[Path], kernel: Path | None) -> Changes | None:
    """What changed, or None where neither is asked for. Raises :class:`UsageError`.

    The tree is that around the first of ``paths`` or around the current folder. A diff's names are looked for
    below ``kernel``, below the tree's root, the top of the git tree and the current folder.
    """
    if diff is None and since is None:
        return None
    if diff is not None and since is not None:
        raise UsageError("--diff and --since both say what changed: give one of them.")
    start = paths[0] if paths else Path()
    from gfplint.changes.history import from_git, repository

    if since is not None:
        return from_git(since, start if paths or kernel is None else kernel)
    assert diff is not None
    from gfplint.changes.patch import from_diff
    from gfplint.kernel.tree import KernelTree

    bases = [] if kernel is None else [kernel.absolute()]
    bases.append(KernelTree.discover(start).root)
    top = repository(start)
    bases += [Path.cwd()] if top is None else [top, Path.cwd()]
    return from_diff(diff, bases)
