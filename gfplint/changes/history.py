"""What changed in a git tree since a revision, what isn't committed yet included."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from gfplint.changes import Changes, FileChange, is_c
from gfplint.changes.patch import parsed
from gfplint.errors import UsageError


def from_git(revision: str, start: Path) -> Changes:
    """The changes in the repository around ``start`` (a file or folder) since ``revision``; C files that git
    doesn't know yet, and that it isn't told to ignore, are new. Raises :class:`UsageError`.
    """
    folder = start if start.is_dir() else start.parent
    top = Path(
        os.fsdecode(_git(folder, "rev-parse", "--show-toplevel", asks=f"{folder} is in no git tree")[:-1])
    )
    unknown = f"There is no revision {revision!r} in {top}"
    if revision.startswith("-"):
        raise UsageError(f"{unknown}.")
    commit = _git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", asks=unknown)
    diff = _git(
        top,
        *(
            "-c",
            "core.quotePath=false",
            "diff",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
        ),
        *("--find-renames", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3", "--diff-filter=d"),
        *("--ignore-submodules", commit.decode().strip(), "--", "*.c", "*.h"),
        asks=f"git can't compare {top} with {revision}",
    )
    what = f"the changes since {revision}"
    files: dict[Path, FileChange] = {}
    for name, state in parsed(diff.decode("utf-8", "surrogateescape"), what).items():
        files[top / name.split("/", 1)[-1]] = FileChange(frozenset(state.added), frozenset(state.removed))
    others = _git(
        *(top, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.c", "*.h"),
        asks=f"git can't list the new files of {top}",
    )
    for raw in others.split(b"\0"):
        if raw and is_c(os.fsdecode(raw)):
            path = top / os.fsdecode(raw)
            files[path] = FileChange(frozenset(range(1, _lines(path) + 1)), frozenset())
    present = ((path, change) for path, change in files.items() if path.is_file())
    return Changes(what, tuple(sorted(present, key=lambda file: str(file[0]))))


def repository(start: Path) -> Path | None:
    """The top of the git tree around ``start``, or None. Asks the file system, not git."""
    start = Path(os.path.abspath(start))
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def _git(folder: Path, *arguments: str, asks: str) -> bytes:
    """What git prints. ``asks`` begins the sentence that says that it couldn't."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
        )
    except OSError as error:
        raise UsageError(f"--since needs git, which can't be run: {error.strerror}.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[0].removeprefix("fatal: ").rstrip(".") if said else ""
        raise UsageError(f"{asks}{f': {reason}' if reason else ''}.")
    return done.stdout


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n") + 1
    except OSError:
        return 0
