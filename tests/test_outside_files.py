"""Files that no kernel's root is above: by themselves, and checked against a kernel elsewhere."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gfplint import api
from gfplint.findings import Finding, Report
from gfplint.kernel.tree import KernelTree

TESTDATA = Path(__file__).resolve().parent.parent / "testdata"
DRIVER = TESTDATA / "no-kernel" / "drivers" / "balloon" / "balloon.c"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A driver in a repository of its own, with a header beside its folder."""
    root = tmp_path / "driver"
    for folder in (".git", "src", "lib", "include"):
        (root / folder).mkdir(parents=True)
    shutil.copy(DRIVER, root / "src" / "balloon.c")
    (root / "lib" / "other.c").write_text("int other(void) { return 1; }\n")
    (root / "include" / "own.h").write_text("struct own { int x; };\n")
    return root


def check(*paths: Path, kernel: Path | None = None) -> Report:
    return api.check(api.CheckOptions(paths=paths, kernel=kernel))


def the_finding(report: Report) -> Finding:
    assert [finding.rule for finding in report.findings] == ["GFP001"]
    return report.findings[0]


def test_a_file_is_read_with_its_repository(repository: Path) -> None:
    tree = KernelTree.discover(repository / "src" / "balloon.c")
    assert tree.root == repository
    assert [site.path for site in tree.index.records("own")] == ["include/own.h"]


def test_files_of_several_folders_have_a_root_in_common(repository: Path, tmp_path: Path) -> None:
    (repository / ".git").rmdir()
    report = check(repository / "src" / "balloon.c", repository / "lib" / "other.c")
    assert report.root == str(repository)
    assert the_finding(report).place.path == "src/balloon.c"
    assert report.statistics.files_analysed == 2


def test_settings_kept_in_the_home_folder_are_no_project(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(repository))
    assert KernelTree.discover(repository / "src" / "balloon.c").root == repository / "src"


@pytest.mark.parametrize("name", ["", "src", "src/balloon.c"])
def test_a_driver_outside_is_checked_against_a_kernel(repository: Path, name: str) -> None:
    report = check(repository / name, kernel=TESTDATA / "kernel")
    finding = the_finding(report)
    assert report.kernel_version is not None
    assert finding.place.path == str(repository / "src" / "balloon.c")
    assert finding.threads[0].steps[0].place is not None
    assert finding.threads[0].steps[0].place.path == finding.place.path
    assert "no-tree" not in {note.kind for note in report.notes}


def test_the_fingerprint_is_the_same_wherever_the_repository_is(repository: Path, tmp_path: Path) -> None:
    first = the_finding(check(repository / "src" / "balloon.c", kernel=TESTDATA / "kernel"))
    moved = tmp_path / "a" / "b" / "moved"
    shutil.copytree(repository, moved)
    second = the_finding(check(moved / "src" / "balloon.c", kernel=TESTDATA / "kernel"))
    assert first.fingerprint == second.fingerprint
    assert first.place.path != second.place.path


def test_a_kernel_inside_of_the_driver_s_repository_is_read_once(repository: Path) -> None:
    kernel = repository / "linux"
    shutil.copytree(TESTDATA / "kernel", kernel)
    tree = KernelTree.discover(repository / "src" / "balloon.c", kernel=kernel)
    files = list(tree.index.files)
    assert "../src/balloon.c" in files
    assert "mm/oom_kill.c" in files
    assert not [path for path in files if path.startswith("../linux/")]


def test_a_kernel_reached_through_a_link(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    os.symlink(TESTDATA / "kernel", tmp_path / "deep" / "er" / "linux")
    report = check(repository / "src", kernel=tmp_path / "deep" / "er" / "linux")
    assert the_finding(report).place.path == str(repository / "src" / "balloon.c")


def test_a_static_lock_is_named_by_its_file_in_the_repository(repository: Path) -> None:
    path = repository / "src" / "balloon.c"
    text = path.read_text()
    text = text.replace("mutex_lock(&", "mutex_lock(&lone_lock); (void)(&")
    text = text.replace("mutex_unlock(&", "mutex_unlock(&lone_lock); (void)(&")
    first = text.index("struct lone_balloon {")
    path.write_text(text[:first] + "static DEFINE_MUTEX(lone_lock);\n\n" + text[first:])
    finding = the_finding(check(path, kernel=TESTDATA / "kernel"))
    assert finding.lock is not None
    assert finding.lock.name == "lone_lock (src/balloon.c)"
