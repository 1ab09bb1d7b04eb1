"""What all rules find in the whole of the unpacked kernel trees is what ``tests/findings/`` has.

A difference isn't wrong in itself: read it, write down in docs/findings.md what the new ones are worth, keep
them with ``python -m tools.findings TREE --update``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unpacked_trees import unpacked_trees
from tools import findings

DOCS = Path(__file__).resolve().parent.parent / "docs"
TREES = unpacked_trees()


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_a_whole_tree_has_the_findings_that_are_known(tree: Path) -> None:
    report = findings.check(tree)
    kept, found = findings.kept(findings.kept_file(report)), findings.snapshot(report)
    assert kept, f"there is no snapshot for Linux {report.kernel_version}"
    if kept[0] != found[0]:
        pytest.skip(f"the snapshot is of {kept[0][2:]}, this tree is {found[0][2:]}")
    assert not findings.difference(kept, found)


@pytest.mark.skipif(bool(TREES), reason="the trees are here")
def test_there_are_trees() -> None:
    pytest.skip("no unpacked kernel tree: what is found in whole trees is not compared")


@pytest.mark.parametrize("path", sorted(findings.KEPT.glob("*.txt")), ids=lambda path: path.stem)
def test_every_finding_has_its_verdict(path: Path) -> None:
    """docs/findings.md speaks of every file and function in which something is found."""
    text = (DOCS / "findings.md").read_text("utf-8")
    for line in findings.kept(path)[1:]:
        _, _, file, function, _ = line.split("\t")
        assert f"`{file}`" in text, line
        assert re.search(rf"`{re.escape(function)}\(\)`", text), line


def test_a_difference_names_what_went_and_what_came() -> None:
    one, other = ["# Linux 6.12.1", "a", "b"], ["# Linux 6.12.1", "b", "c"]
    assert findings.difference(one, one) == ""
    assert findings.difference(one, other).splitlines()[2:] == ["-a", "+c"]
