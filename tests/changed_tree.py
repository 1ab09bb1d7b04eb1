"""A small git tree with the balloon driver's deadlock, to change and to look at the changes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from gfplint import api
from gfplint.changes.load import load
from gfplint.findings import Finding, Report

KERNEL = Path(__file__).resolve().parent.parent / "testdata" / "kernel"
DRIVER = "drivers/balloon/balloon.c"
CORE = "mm/balloon_compaction.c"
HEADER = "include/linux/balloon_compaction.h"
BYSTANDER = "drivers/drop_and_retake/drop_and_retake.c"

GIT = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(root: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        env={**environment, **GIT},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout


class ChangedTree:
    """The tree, one commit old."""

    def __init__(self, root: Path) -> None:
        self.root = root
        ignore = shutil.ignore_patterns("drivers")
        shutil.copytree(KERNEL, root, ignore=ignore)
        for name in ("balloon", "drop_and_retake"):
            shutil.copytree(KERNEL / "drivers" / name, root / "drivers" / name)
        git(root, "init", "-q")
        self.commit("base")

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert text.count(old) == 1, (path, old)
        (self.root / path).write_text(text.replace(old, new))

    def commit(self, message: str) -> None:
        git(self.root, "add", "-A", "-f")
        git(self.root, "commit", "-q", "-m", message)

    def check(
        self,
        *paths: str,
        diff: Path | None = None,
        since: str | None = None,
        kernel: Path | None = None,
        baseline: Path | None = None,
    ) -> Report:
        """What the command reports with these options, in the tree."""
        given = tuple(self.root / path for path in paths)
        start = given or (self.root,)
        changes = load(None if diff is None else str(diff), since, start, kernel)
        assert changes is not None
        return api.check(
            api.CheckOptions(
                paths=given or tuple(path for path, _ in changes.files) or (self.root,),
                select=frozenset({"GFP001", "GFP002"}),
                changes=changes,
                reach=not given,
                kernel=kernel,
                baseline=baseline,
            )
        )

    def found(self, *paths: str, diff: Path | None = None, since: str | None = None) -> list[Finding]:
        return self.check(*paths, diff=diff, since=since).findings
