"""What gfplint finds in a whole kernel tree, a line for each finding: ``python -m tools.findings TREE``.

The lines hold rule, confidence, file, function and lock, neither code nor line numbers, so that they stay
the same while the tree around a finding changes. Those of Linux 6.1 and 6.12 are kept in ``tests/findings/``;
a test compares them with what is found now, and ``--update`` writes them anew. What each finding is worth is
in docs/findings.md.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from pathlib import Path

from gfplint import api
from gfplint.findings import Report

KEPT = Path(__file__).resolve().parent.parent / "tests" / "findings"


def snapshot(report: Report) -> list[str]:
    """The version of the tree, then the findings, sorted."""
    lines = sorted(
        "\t".join(
            (
                finding.rule,
                finding.confidence.word,
                finding.place.path,
                finding.function,
                finding.lock.name if finding.lock is not None else "-",
            )
        )
        for finding in report.active
    )
    return [f"# Linux {report.kernel_version}", *lines]


def kept_file(report: Report) -> Path:
    """Where the findings of this kernel series are kept: ``tests/findings/linux-6.12.txt``."""
    series = ".".join((report.kernel_version or "unknown").split(".")[:2])
    return KEPT / f"linux-{series}.txt"


def kept(path: Path) -> list[str]:
    """The lines of a kept snapshot; none where there is no such file."""
    return path.read_text("utf-8").splitlines() if path.is_file() else []


def difference(old: list[str], new: list[str]) -> str:
    """What changed, a line for each finding that went (``-``) or came (``+``); empty where nothing did."""
    changes = difflib.unified_diff(old, new, "kept", "found", lineterm="", n=0)
    return "\n".join(line for line in changes if not line.startswith("@@"))


def check(tree: Path) -> Report:
    """All rules on all of a tree, from nothing."""
    return api.check(api.CheckOptions(paths=(tree,), jobs=os.cpu_count() or 1))


def main() -> int:
    """Compare, or update; exit status 1 where the findings differ from those that are kept."""
    parser = argparse.ArgumentParser(prog="tools.findings", description=__doc__)
    parser.add_argument("tree", type=Path, help="the root of a kernel tree")
    parser.add_argument("--update", action="store_true", help="keep what is found now")
    options = parser.parse_args()
    report = check(options.tree)
    path, found = kept_file(report), snapshot(report)
    changes = difference(kept(path), found)
    if changes:
        print(changes)
    if options.update:
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in found), "utf-8")
        return 0
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
