"""``--since`` in a real tree: the balloon deadlock in two commits, of which each in turn is the cause."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gfplint import api
from gfplint.changes.load import load
from gfplint.findings import Finding
from tests.changed_tree import git
from tests.planting import BALLOON, CALL, COMPACTION, SLIM, Files, Overlay, core_helper, fill_balloon
from tests.test_real_trees import overlay_of, tree_of

pytestmark = pytest.mark.slow

HELPER = """
struct page *balloon_page_fill(void)
{
	gfp_t gfp = GFP_NOWAIT;

	return alloc_page(gfp | __GFP_NOWARN);
}
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Iterator[Overlay]:
    tree = tree_of("6.12")
    if tree is None:
        pytest.skip("no tree linux-source-6.12; GFPLINT_TREES names the folder that has it")
    yield from overlay_of(tree, tmp_path, SLIM)


def commit(overlay: Overlay, files: Files) -> None:
    for path, text in files.changed.items():
        overlay.write(path, text)
    git(overlay.root, "add", "-A", "-f")
    git(overlay.root, "commit", "-q", "--allow-empty", "-m", "x")


def found(overlay: Overlay, since: str) -> list[Finding]:
    changes = load(None, since, (overlay.root,), None)
    assert changes is not None
    paths = tuple(path for path, _ in changes.files)
    return api.check(
        api.CheckOptions(paths=paths, select=frozenset({"GFP001"}), changes=changes, reach=True)
    ).findings


def test_the_cause_is_in_either_file(overlay: Overlay) -> None:
    git(overlay.root, "init", "-q")
    commit(overlay, Files(overlay.root))

    files = Files(overlay.root)
    core_helper(files, "balloon_page_fill", HELPER, "struct page *balloon_page_fill(void)")
    fill_balloon(files, "balloon_page_fill()")
    commit(overlay, files)
    assert found(overlay, "HEAD~1") == []

    files = Files(overlay.root)
    files.replace(COMPACTION, r"gfp_t gfp = GFP_NOWAIT;", "gfp_t gfp = balloon_mapping_gfp_mask();")
    commit(overlay, files)
    line = Files(overlay.root).line(BALLOON, CALL)
    assert [(one.place.path, one.place.line) for one in found(overlay, "HEAD~1")] == [(BALLOON, line)]

    files = Files(overlay.root)
    files.inside(BALLOON, "fill_balloon", r"\tmutex_lock\(&vb->balloon_lock\);.*\n", "")
    commit(overlay, files)
    assert found(overlay, "HEAD~1") == []

    git(overlay.root, "revert", "--no-edit", "HEAD")
    assert [(one.place.path, one.place.line) for one in found(overlay, "HEAD~1")] == [(BALLOON, line)]
