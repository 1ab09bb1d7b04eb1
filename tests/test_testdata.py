"""The small kernels of testdata/: every case folder gives exactly the findings that its comments want.

Each tree is checked once as a whole, and each folder once by itself: both ways must give the same answer.
``expectations.py`` says what the comments mean.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gfplint import api
from gfplint.findings import CallbackLocks, Report
from tests.expectations import (
    Case,
    ExpectationError,
    disagreements,
    lock_disagreements,
    read_case,
    same_lock,
)

TESTDATA = Path(__file__).resolve().parent.parent / "testdata"
RULES = frozenset(f"GFP00{number}" for number in range(1, 8))
"""Rules that the cases are checked with, all in one run."""

WITH_LOCK = RULES - {"GFP002", "GFP005", "GFP006"}
"""Rules about a lock that a callback waits for: the case says where."""

KERNELS = ("kernel", "kernel-4.1")
LONE = "no-kernel"
"""Drivers without a tree: only ever checked by themselves."""


def folders(tree: str) -> Iterator[Path]:
    """The case folders of a tree."""
    return (path for path in sorted((TESTDATA / tree / "drivers").iterdir()) if path.is_dir())


def cases(*trees: str) -> list[object]:
    """All cases of these trees, as pytest's parameters."""
    return [pytest.param(folder, id=f"{tree}/{folder.name}") for tree in trees for folder in folders(tree)]


def options(path: Path) -> api.CheckOptions:
    return api.CheckOptions(
        paths=(path,), kernel=None, kconfig=None, arch="x86", jobs=1, select=RULES, ignore=frozenset()
    )


@cache
def whole(tree: str) -> Report:
    return api.check(options(TESTDATA / tree))


@cache
def callbacks(tree: str) -> list[CallbackLocks]:
    return api.show_locks(options(TESTDATA / tree))


@cache
def case_of(folder: Path) -> Case:
    return read_case(folder)


def check(folder: Path, report: Report) -> None:
    assert report.root is not None
    case = case_of(folder)
    wrong = disagreements(case, report.active, Path(report.root))
    assert not wrong, "\n".join([f"{folder.name}:", *wrong])


@pytest.mark.parametrize("folder", cases(*KERNELS))
def test_case(folder: Path) -> None:
    check(folder, whole(folder.parent.parent.name))


@pytest.mark.parametrize("folder", cases(*KERNELS, LONE))
def test_case_alone(folder: Path) -> None:
    check(folder, api.check(options(folder)))


@pytest.mark.parametrize("folder", cases(*KERNELS))
def test_locks_of_callbacks(folder: Path) -> None:
    tree = folder.parent.parent
    wrong = lock_disagreements(case_of(folder), callbacks(tree.name), tree)
    assert not wrong, "\n".join([f"{folder.name}:", *wrong])


@pytest.mark.parametrize("tree", KERNELS)
def test_nothing_outside_the_cases(tree: str) -> None:
    outside = [
        finding.place for finding in whole(tree).findings if not finding.place.path.startswith("drivers/")
    ]
    assert not outside


@pytest.mark.parametrize(("tree", "version"), [("kernel", "6.12"), ("kernel-4.1", "4.1")])
def test_version(tree: str, version: str) -> None:
    found = whole(tree).kernel_version
    assert found is not None
    assert found.startswith(version)


def test_no_tree_is_said() -> None:
    report = api.check(options(TESTDATA / LONE / "drivers" / "balloon"))
    assert report.kernel_version is None
    assert any(note.kind == "no-tree" for note in report.notes)


@pytest.mark.parametrize("tree", KERNELS)
def test_every_file_is_read(tree: str) -> None:
    assert [note for note in whole(tree).notes if note.kind == "unreadable-file"] == []


def test_same_twice() -> None:
    assert api.check(options(TESTDATA / "kernel")).findings == whole("kernel").findings


# ------------------------------------------------------------------------------------ the data itself


@pytest.mark.parametrize("folder", cases(*KERNELS, LONE))
def test_case_is_understood(folder: Path) -> None:
    case = read_case(folder)
    assert {want.rule for want in case.wants} <= RULES
    for want in case.wants:
        if want.rule in WITH_LOCK:
            assert want.lock is not None
            assert case.marked("callback", want.lock), f"{want}: no line says where the callback waits"


def test_there_are_both_kinds_of_cases() -> None:
    wants = [bool(case_of(folder).wants) for tree in KERNELS for folder in folders(tree)]
    assert wants.count(True) > 40
    assert wants.count(False) > 40


@pytest.mark.parametrize(
    "comment",
    [
        "want GFP1: struct a.b",
        "want: struct a.b",
        "want GFP001: struct a",
        "want GFP001: struct a.b; way self",
        "want GFP001: struct a.b; at missing",
        "want GFP001: struct a.b; confidence sure",
        "want-calback: struct a.b",
        "want-taken",
    ],
)
def test_misspelt_comment_is_an_error(tmp_path: Path, comment: str) -> None:
    (tmp_path / "a.c").write_text(f"int x;\t/* {comment} */\n")
    with pytest.raises(ExpectationError, match=r"a\.c:1"):
        read_case(tmp_path)


def test_comment_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(
        "\n\tp = get(); /* want GFP001: struct a.b; ways self !retry; bits __GFP_IO; at get */\n"
    )
    (want,) = read_case(tmp_path).wants
    assert (want.rule, want.lock, want.line, want.at) == ("GFP001", "struct a.b", 2, "get")
    assert (want.ways, want.bits) == (("self", "!retry"), ("__GFP_IO",))


@pytest.mark.parametrize(
    ("expected", "reported", "same"),
    [
        ("struct a.lock", "struct a.lock", True),
        ("struct a.lock", "struct ab.lock", False),
        ("struct a.lock", "struct b.lock", False),
        ("struct a.locks", "struct a.locks[]", True),
        ("cache_lock", "cache_lock (drivers/x/a.c)", True),
        ("cache_lock", "drivers/x/a.c:cache_lock", True),
        ("cache_lock", "struct a.cache_lock", False),
        ("lock", "cache_lock", False),
    ],
)
def test_same_lock(expected: str, reported: str, same: bool) -> None:
    assert same_lock(expected, reported) is same


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
@pytest.mark.parametrize("tree", [*KERNELS, LONE])
@pytest.mark.parametrize("options_on", [False, True], ids=["no options", "all options"])
def test_the_small_kernels_are_c(tree: str, options_on: bool) -> None:
    """A compiler accepts every file without a warning, with no configuration option and with all of them."""
    root = TESTDATA / tree
    sources = sorted(root.rglob("*.c"))
    include = TESTDATA / ("kernel" if tree == LONE else tree) / "include"
    names = {
        name for path in root.rglob("*.[ch]") for name in re.findall(r"\bCONFIG_\w+", path.read_text("utf-8"))
    }
    defines = [f"-D{name}=1" for name in sorted(names)] if options_on else []
    flags = ["-fsyntax-only", "-nostdinc", "-std=gnu11", "-Wall", "-Wextra", "-Werror"]
    flags += ["-Wno-unused-parameter", "-Wno-unused-function"]
    command = ["gcc", *flags, *defines, "-I", str(include), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
