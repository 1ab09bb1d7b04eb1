"""Reading diffs: the forms that people send, series, trees that don't match, and nonsense."""

from __future__ import annotations

import io
import quopri
import sys
from pathlib import Path

import pytest

from gfplint.changes import Changes
from gfplint.changes.compose import compose
from gfplint.changes.patch import from_diff, parsed
from gfplint.errors import UsageError
from tests.changed_tree import CORE, DRIVER, ChangedTree, git

OLD = [f"line {number}" for number in range(1, 41)]


def diff_of(*hunks: str, name: str = "drivers/x.c") -> str:
    return f"--- a/{name}\n+++ b/{name}\n" + "".join(hunks)


ADDED = "@@ -9,2 +9,3 @@\n line 9\n+added\n line 10\n"
REMOVED = "@@ -20,3 +20,2 @@\n line 20\n-line 21\n line 22\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "drivers").mkdir(parents=True)
    return tmp_path / "tree"


def write(base: Path, lines: list[str], name: str = "drivers/x.c", end: str = "\n") -> None:
    (base / name).write_bytes("".join(line + end for line in lines).encode())


def load(base: Path, text: str | bytes) -> Changes:
    path = base.parent / "a.patch"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return from_diff(str(path), [base])


def changed(changes: Changes) -> dict[str, tuple[list[int], list[int]]]:
    return {path.name: (sorted(one.added), sorted(one.removed)) for path, one in changes.files}


def test_a_plain_diff(base: Path) -> None:
    write(base, [*OLD[:9], "added", *OLD[9:]])
    assert changed(load(base, diff_of(ADDED))) == {"x.c": ([10], [])}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a/drivers/x.c", "b/drivers/x.c"),
        ("drivers/x.c", "drivers/x.c"),
        ("linux.orig/drivers/x.c", "linux/drivers/x.c"),
    ],
)
def test_prefixes(base: Path, old: str, new: str) -> None:
    write(base, [*OLD[:9], "added", *OLD[9:]])
    assert changed(load(base, f"--- {old}\n+++ {new}\n{ADDED}")) == {"x.c": ([10], [])}


def test_a_removal_stands_at_the_line_behind_it(base: Path) -> None:
    write(base, OLD[:20] + OLD[21:])
    assert changed(load(base, diff_of(REMOVED))) == {"x.c": ([], [21])}


def test_a_removed_comment_is_no_removal(base: Path) -> None:
    write(base, OLD[:20] + OLD[21:])
    text = diff_of("@@ -20,3 +20,2 @@\n line 20\n-\t/* gone */\n line 22\n")
    assert changed(load(base, text)) == {"x.c": ([], [])}


def test_carriage_returns(base: Path) -> None:
    write(base, [*OLD[:9], "added", *OLD[9:]], end="\r\n")
    assert changed(load(base, diff_of(ADDED).replace("\n", "\r\n"))) == {"x.c": ([10], [])}


def test_an_offset_is_found(base: Path) -> None:
    write(base, ["new"] * 7 + [*OLD[:9], "added", *OLD[9:]])
    assert changed(load(base, diff_of(ADDED))) == {"x.c": ([17], [])}


def test_later_patches_move_what_earlier_ones_added(base: Path) -> None:
    lines = [*OLD[:9], "added", *OLD[9:]]
    write(base, ["first", *lines])
    first = (
        "From 0123 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 1/2] a\n\n---\n"
        + diff_of(ADDED)
        + "-- \n2.39.2\n\n"
    )
    second = "From 4567 Mon Sep 17 00:00:00 2001\nSubject: b\n\n" + diff_of("@@ -0,0 +1 @@\n+first\n")
    assert changed(load(base, first + second)) == {"x.c": ([1, 11], [])}


def test_what_a_later_patch_takes_back_is_no_addition(base: Path) -> None:
    write(base, OLD)
    back = "@@ -9,3 +9,2 @@\n line 9\n-added\n line 10\n"
    assert changed(load(base, diff_of(ADDED) + diff_of(back))) == {"x.c": ([], [10])}


def test_new_renamed_and_deleted_files(base: Path) -> None:
    write(base, ["new"], "drivers/new.c")
    write(base, [*OLD[:9], "added", *OLD[9:]], "drivers/y.c")
    text = (
        "diff --git a/drivers/new.c b/drivers/new.c\nnew file mode 100644\nindex 0..1\n"
        "--- /dev/null\n+++ b/drivers/new.c\n@@ -0,0 +1 @@\n+new\n"
        "diff --git a/drivers/x.c b/drivers/y.c\nsimilarity index 90%\nrename from drivers/x.c\n"
        f"rename to drivers/y.c\n--- a/drivers/x.c\n+++ b/drivers/y.c\n{ADDED}"
        "diff --git a/drivers/z.c b/drivers/z.c\ndeleted file mode 100644\nindex 1..0\n"
        "--- a/drivers/z.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n"
        "diff --git a/Documentation/x.rst b/Documentation/x.rst\nindex 1..2\n"
        "--- a/Documentation/x.rst\n+++ b/Documentation/x.rst\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert changed(load(base, text)) == {"new.c": ([1], []), "y.c": ([10], [])}


def test_a_mail_in_quoted_printable(base: Path) -> None:
    write(base, [*OLD[:9], "added = 1", *OLD[9:]])
    body = diff_of(ADDED.replace("+added", "+added = 1"))
    head = b"From 0123 Mon Sep 17 00:00:00 2001\nSubject: x\nContent-Transfer-Encoding: quoted-printable\n\n"
    assert changed(load(base, head + quopri.encodestring(body.encode()))) == {"x.c": ([10], [])}


def test_names_in_quotes() -> None:
    name = "/t\\303\\244.c"
    text = f'diff --git "a{name}" "b{name}"\n--- "a{name}"\n+++ "b{name}"\n@@ -1 +1 @@\n-a\n+b\n'
    assert list(parsed(text, "it")) == ["b/t\u00e4.c"]


def test_an_empty_diff_changes_nothing(base: Path) -> None:
    assert load(base, "").files == ()
    assert compose([]) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hello.\n", "There is no diff in"),
        (diff_of("@@ -9,2 +9,3 @@\n line 9\n+added\n"), "can't be read: Hunk is shorter than expected"),
        (diff_of("@@ -9,2 +9,3 @@\nnonsense\n"), "can't be read: Hunk diff line expected: nonsense"),
        (ADDED, "can't be read: Unexpected hunk found"),
        ("diff --cc x.c\n--- a/x.c\n+++ b/x.c\n@@@ -1,1 -1,1 +1,2 @@@\n++x\n", "is that of a merge"),
        (diff_of(ADDED, name="drivers/none.c"), r"leads to drivers/none\.c, which isn't below"),
        (diff_of(ADDED), r"x\.c isn't what the diff .* leads to \(line 10 differs\): apply the diff first"),
    ],
)
def test_sentences(base: Path, text: str, says: str) -> None:
    write(base, OLD)
    with pytest.raises(UsageError, match=says):
        load(base, text)


def test_no_such_file_and_a_folder(base: Path) -> None:
    with pytest.raises(UsageError, match="--diff must name a file with a diff, and there is no file"):
        from_diff(str(base / "none"), [base])
    with pytest.raises(UsageError, match="can't be read: Is a directory"):
        from_diff(str(base), [base])


def test_standard_input(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(base, [*OLD[:9], "added", *OLD[9:]])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(diff_of(ADDED).encode())))
    assert changed(from_diff("-", [base])) == {"x.c": ([10], [])}


def test_a_series_as_git_format_patch_writes_it(tmp_path: Path) -> None:
    tree = ChangedTree(tmp_path / "linux")
    tree.edit(CORE, "\tgfp_t gfp = balloon_mapping_gfp_mask() |", "\tgfp_t gfp = GFP_NOWAIT |")
    tree.commit("harmless")
    tree.edit(CORE, "#include <linux/module.h>\n", "#include <linux/module.h>\n\n/* more */\nint more;\n")
    tree.commit("a line")
    tree.edit(CORE, "\tgfp_t gfp = GFP_NOWAIT |", "\tgfp_t gfp = balloon_mapping_gfp_mask() |")
    tree.commit("bug")
    series = tmp_path / "series.mbox"
    series.write_text(git(tree.root, "format-patch", "--stdout", "HEAD~2"))
    (finding,) = tree.found(diff=series)
    assert finding.place.path == DRIVER
    series.write_text(git(tree.root, "format-patch", "--stdout", "HEAD~2..HEAD~1"))
    assert tree.found(diff=series) == []


@pytest.mark.parametrize("revision", ["v9.99", "--output=x", "HEAD~99", ""])
def test_unknown_revisions(tmp_path: Path, revision: str) -> None:
    tree = ChangedTree(tmp_path / "linux")
    with pytest.raises(UsageError, match=f"There is no revision '{revision}' in"):
        tree.check(since=revision)


def test_no_git_tree(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gfplint.changes.history import from_git

    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(base.parent))
    with pytest.raises(UsageError, match="is in no git tree"):
        from_git("HEAD", base)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="--since needs git, which can't be run"):
        from_git("HEAD", base)
