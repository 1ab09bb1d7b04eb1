"""``--diff`` and ``--since``: which findings a change touches, wherever the change is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.changed_tree import BYSTANDER, CORE, DRIVER, HEADER, ChangedTree, git

LOCKED = "\tmutex_lock(&vb->lock);\t/* want-taken"
LOOP = "\tfor (got = 0; got < want"
MASK = "\tgfp_t gfp = balloon_mapping_gfp_mask() "
CALLED = "\t\tif (!balloon_page_alloc_enqueue(&vb->dev_info))"


@pytest.fixture
def tree(tmp_path: Path) -> ChangedTree:
    return ChangedTree(tmp_path / "linux")


TOUCHING = {
    "the lock": (DRIVER, LOCKED, "\tmutex_lock(&(vb->lock));\t/* want-taken", True),
    "the call": (DRIVER, CALLED, CALLED.replace("!b", "! b"), True),
    "between them": (DRIVER, LOOP, "\tvb->nr_pages += 0;\n" + LOOP, True),
    "behind both": (DRIVER, "\tvb->nr_pages += got;", "\tvb->nr_pages += got;\n\tgot += 0;", False),
    "a line taken out behind both": (DRIVER, "\tvb->nr_pages += got;\n", "", True),
    "a comment on the way": (DRIVER, CALLED, "\t\t/* A comment. */\n" + CALLED, False),
    "another function": (DRIVER, "\tif (target > vb->nr_pages)", "\tif (target >= vb->nr_pages)", False),
    "the callback": (DRIVER, "leak_balloon(vb, 256)", "leak_balloon(vb, 512)", True),
    "its registration": (DRIVER, "return register_oom_notifier(&", "return register_oom_notifier( &", True),
    "another file": (CORE, MASK, MASK + " ", True),
    "its other functions": (CORE, "\tBUG_ON(!trylock_page(page));", "\tBUG_ON( !trylock_page(page));", False),
    "another driver": (BYSTANDER, "MODULE_LICENSE", "int unrelated;\nMODULE_LICENSE", False),
}  # fmt: skip


@pytest.mark.parametrize("name", TOUCHING)
def test_what_touches_the_finding(tree: ChangedTree, name: str) -> None:
    path, old, new, touches = TOUCHING[name]
    tree.edit(path, old, new)
    assert [finding.place.path for finding in tree.found(since="HEAD")] == ([DRIVER] if touches else [])


def test_a_helper_in_a_header_is_on_the_way(tree: ChangedTree) -> None:
    text = (tree.root / HEADER).read_text()
    start = text.index("balloon_mapping_gfp_mask")
    mask = text.index("return", start)
    (tree.root / HEADER).write_text(text[:mask] + "/* now */ return  " + text[mask + len("return") :])
    found = tree.found(since="HEAD")
    assert [finding.place.path for finding in found] == [DRIVER]


def test_no_change_is_no_finding(tree: ChangedTree) -> None:
    report = tree.check(since="HEAD")
    assert (report.findings, report.statistics.files_analysed) == ([], 0)


def test_uncommitted_staged_and_committed_changes_count(tree: ChangedTree) -> None:
    tree.edit(CORE, MASK, MASK + " ")
    assert tree.found(since="HEAD")
    git(tree.root, "add", CORE)
    assert tree.found(since="HEAD")
    tree.commit("core")
    assert not tree.found(since="HEAD")
    assert tree.found(since="HEAD~1")


def test_a_file_that_git_does_not_know_is_new(tree: ChangedTree) -> None:
    git(tree.root, "rm", "-q", "--cached", DRIVER)
    git(tree.root, "commit", "-q", "-m", "gone")
    assert (tree.root / DRIVER).exists()
    assert [finding.place.path for finding in tree.found(since="HEAD")] == [DRIVER]


def test_given_paths_are_what_is_analysed(tree: ChangedTree) -> None:
    tree.edit(CORE, MASK, MASK + " ")
    assert tree.found("drivers", since="HEAD")
    assert tree.found("drivers/drop_and_retake", since="HEAD") == []


def test_a_callback_s_change_concerns_those_who_hold_its_lock(tree: ChangedTree) -> None:
    """The callback is in a file of its own, and only that file changes."""
    text = (tree.root / DRIVER).read_text()
    start, end = text.index("static unsigned int leak_balloon"), text.index("void balloon_resize")
    struct = text[text.index("struct balloon {") : text.index("static unsigned int fill_balloon")]
    callback = text.index("static int balloon_oom_notify")
    tail = text.index("MODULE_LICENSE")
    includes = text[text.index("#include") : text.index("struct balloon {")].replace("drivers/", "")
    (tree.root / "drivers/balloon/balloon.h").write_text(struct)
    own = '#include "balloon.h"\n'
    (tree.root / "drivers/balloon/oom.c").write_text(includes + own + text[start:end] + text[callback:tail])
    (tree.root / DRIVER).write_text(
        includes + own + text[text.index("static unsigned int fill_balloon") : start]
    )
    tree.commit("in two files")
    assert not tree.found(since="HEAD")
    tree.edit("drivers/balloon/oom.c", "leak_balloon(vb, 256)", "leak_balloon(vb, 512)")
    assert [finding.place.path for finding in tree.found(since="HEAD")] == [DRIVER]


def test_each_of_two_commits_can_be_the_cause(tree: ChangedTree) -> None:
    """First the driver calls a harmless helper under its lock, then the helper is made to reclaim."""
    tree.edit(CORE, "\tgfp_t gfp = balloon_mapping_gfp_mask() |", "\tgfp_t gfp = GFP_NOWAIT |")
    tree.commit("harmless")
    assert not tree.found(since="HEAD~1")
    tree.edit(CORE, "\tgfp_t gfp = GFP_NOWAIT |", "\tgfp_t gfp = balloon_mapping_gfp_mask() |")
    tree.commit("core")
    assert [finding.place.path for finding in tree.found(since="HEAD~1")] == [DRIVER]
    tree.edit(DRIVER, LOCKED, "\t/* want-taken")
    tree.commit("no lock")
    assert not tree.found(since="HEAD~1")
    tree.edit(DRIVER, "\t/* want-taken", LOCKED)
    tree.commit("driver")
    assert [finding.place.path for finding in tree.found(since="HEAD~1")] == [DRIVER]
