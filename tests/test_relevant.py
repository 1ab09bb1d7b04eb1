"""A run on a few files follows only the callbacks that matter there, and finds what it would find with all.

That a folder by itself gives what the whole tree gives is tests/test_testdata.py: there, callbacks are left
out. Here are the ways on which a callback far from a lock gets to it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint import api
from gfplint.analysis import relevant
from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.holdable import Holdable
from gfplint.analysis.summary import LockClass
from gfplint.analysis.ways_back import WaysBack
from gfplint.findings import Confidence, Report
from gfplint.program.registrations import Registered
from tests.small_trees import SmallTree

KERNEL = Path(__file__).resolve().parent.parent / "testdata" / "kernel"
HEADER = """struct mutex { int x; };
void mutex_lock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
"""
OWNER = """#include "own.h"
struct box { struct mutex inner; };
static DEFINE_MUTEX(only_mine);
void box_lock(struct box *box)
{
	mutex_lock(&box->inner);
}
"""
INNER = LockClass("struct box.inner", "mutex", "inner")


def reached(root: Path, far: str, owner: str = OWNER, lock: LockClass = INNER) -> list[str]:
    """Which of two callbacks, one in the folder of the lock's file's neighbour, may wait for the lock."""
    tree = SmallTree(
        root,
        {
            "include/linux/mutex.h": HEADER,
            "drivers/one/own.h": "struct box;\nvoid box_lock(struct box *box);\n#define BOX(b) box_lock(b)\n",
            "drivers/one/owner.c": owner,
            "net/two/far.c": far + "\nstatic long scan(void *s)\n{\n\treturn get(s);\n}\n",
            "net/three/other.c": "static long never(void *s)\n{\n\treturn 0;\n}\n",
        },
    )
    refs = (tree.ref("scan", "net/two/far.c"), tree.ref("never", "net/three/other.c"))
    registered = [Registered("shrinker", ref, "scan_objects", ref.path, 7) for ref in refs]
    found = WaysBack(Evaluator(tree.program), registered).waiting([lock])
    assert found is not None
    return [each.callback.name for each in sorted(found)]


@pytest.mark.parametrize(
    "far",
    [
        "static long get(void *s)\n{\n\tbox_lock(s);\n\treturn 0;\n}",
        "static long get(void *s)\n{\n\tBOX(s);\n\treturn 0;\n}",
        "static void (*hook)(struct box *) = box_lock;\n"
        "static long get(void *s)\n{\n\thook(s);\n\treturn 0;\n}",
        "struct ops { void (*take)(struct box *); };\nstatic const struct ops table = { .take = box_lock };\n"
        "static long get(struct ops *s)\n{\n\ts->take(0);\n\treturn 0;\n}",
        "struct ops { void (*take)(struct box *); };\n"
        "static long each(const struct ops *o)\n{\n\to->take(0);\n\treturn 0;\n}\n"
        "static const struct ops table = { box_lock };\n"
        "static long get(void *s)\n{\n\treturn each(&table);\n}",
        "static long with(void (*f)(struct box *))\n{\n\tf(0);\n\treturn 0;\n}\n"
        "static long get(void *s)\n{\n\treturn with(box_lock);\n}",
    ],
    ids=["call", "macro", "variable", "field", "table", "argument"],
)
def test_a_callback_far_away_is_found(tmp_path: Path, far: str) -> None:
    assert reached(tmp_path, far) == ["scan"]


@pytest.mark.parametrize(
    "far",
    [
        "static long get(void *s)\n{\n\treturn 0;\n}",
        "static int __init set_up(void)\n{\n\tbox_lock(0);\n\treturn 0;\n}\n"
        "static long get(void *s)\n{\n\treturn 0;\n}",
        "struct ops { void (*take)(struct box *); };\nstatic const struct ops table = { .take = box_lock };\n"
        "static long get(struct ops *s)\n{\n\tif (s->take)\n\t\treturn 1;\n\treturn 0;\n}",
    ],
    ids=["nothing", "init", "tested"],
)
def test_what_leads_nowhere_is_left_out(tmp_path: Path, far: str) -> None:
    # Of the last, what is stored there might be called by whoever is near.
    assert reached(tmp_path, far) == (["scan"] if "table" in far else [])


def test_a_lock_that_no_file_names_is_not_decided(tmp_path: Path) -> None:
    tree = SmallTree(tmp_path, {"drivers/one/own.h": "", "drivers/one/owner.c": OWNER})
    lock = LockClass("struct box.renamed", "mutex", "renamed")
    assert WaysBack(Evaluator(tree.program), []).waiting([lock]) is None


def test_locks_that_a_file_may_hold(tmp_path: Path) -> None:
    tree = SmallTree(
        tmp_path,
        {
            "include/linux/mutex.h": HEADER,
            "drivers/one/own.h": "struct far { struct mutex m; };\nvoid far_lock(struct far *f);\n"
            "#define NEAR(b) mutex_lock(&(b)->near)\nvoid pass(struct mutex *m);\n",
            "lib/far.c": "struct far { struct mutex m; };\n"
            "void far_lock(struct far *f)\n{\n\tmutex_lock(&f->m);\n}\n",
            "drivers/one/owner.c": """
struct box { struct mutex inner, near, passed, unused; };
static DEFINE_MUTEX(only_mine);
static void take(struct mutex *m)
{
	mutex_lock(m);
}
static void a(struct box *b, struct far *f)
{
	mutex_lock(&b->inner);
	mutex_lock(&only_mine);
	NEAR(b);
	take(&b->passed);
	far_lock(f);
}
""",
        },
    )
    holdable, path = Holdable(Evaluator(tree.program)), "drivers/one/owner.c"
    names = [lock.name for lock in holdable.classes(path, holdable.elsewhere(holdable.called(path)))]
    assert names == [
        "only_mine (drivers/one/owner.c)",
        "struct box.inner",
        "struct box.near",
        "struct box.passed",
        "struct far.m",
    ]


def report(path: Path, least: int, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.setattr(relevant, "LEAST_CALLBACKS", least)
    return api.check(api.CheckOptions(paths=(path,), jobs=1, min_confidence=Confidence.LOW))


@pytest.mark.parametrize("folder", ["shrinker_deep", "chain", "foreign_lock", "mmu_get"])
def test_leaving_callbacks_out_changes_no_finding(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = KERNEL / "drivers" / folder
    narrow = report(path, 0, monkeypatch)
    full = report(path, 10**9, monkeypatch)
    assert narrow.findings == full.findings
    assert narrow.statistics.callbacks == full.statistics.callbacks
    assert full.statistics.callbacks_left_out == 0
    assert narrow.statistics.callbacks_left_out > full.statistics.callbacks // 2
