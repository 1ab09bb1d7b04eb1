"""A callback that waits for a lock of others is one problem, however many allocate under that lock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gfplint import api
from gfplint.findings import Finding

FOLDER = Path(__file__).resolve().parent.parent / "testdata/kernel/drivers/foreign_lock"


def findings(path: Path, lock: str) -> list[Finding]:
    """The findings of GFP003 about one lock in a file or folder."""
    options = api.CheckOptions(paths=(path,), jobs=1, select=frozenset({"GFP003"}))
    return [each for each in api.check(options).findings if each.lock is not None and each.lock.name == lock]


def test_one_finding_for_a_lock_of_others() -> None:
    """The first place is the finding's, the second is listed."""
    (finding,) = findings(FOLDER, "foreign_bus_lock")
    assert finding.function == "foreign_bus_name"
    ((place, text),) = finding.also
    assert place.path == finding.place.path
    assert place.line > finding.place.line
    assert text == "foreign_bus_log() allocates with the lock held"


def test_each_place_counts_for_a_lock_of_its_own() -> None:
    """Two allocations under a lock that is declared beside the callback are two findings."""
    found = findings(FOLDER, "struct foreign_slot.lock")
    assert [each.function for each in found] == ["foreign_slot_name", "foreign_slot_log"]
    assert all(not each.also for each in found)


def test_an_allowed_place_hides_no_other(tmp_path: Path) -> None:
    """Where the first place is allowed in the source, the second is the finding."""
    kernel = FOLDER.parent.parent
    for path in FOLDER.rglob("*.[ch]"):
        copy = tmp_path / path.relative_to(FOLDER)
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8")
        first = "slot->name = kmalloc(length, GFP_KERNEL);"
        allowed = f"{first} /* gfplint: allow GFP003: the card is never there so early */"
        copy.write_text(text.replace(first, allowed, 1), "utf-8")
    options = api.CheckOptions(paths=(tmp_path,), jobs=1, kernel=kernel, select=frozenset({"GFP003"}))
    report = api.check(options)
    found = [each for each in report.findings if each.lock and each.lock.name == "foreign_bus_lock"]
    active = [replace(each, threads=()) for each in found if each.active]
    assert [(each.function, each.also) for each in active] == [("foreign_bus_log", ())]
    assert [each.function for each in found if each.suppression is not None] == ["foreign_bus_name"]


def test_a_lock_that_models_name_is_everybodys(tmp_path: Path) -> None:
    """A shrinker of one's own that waits for ``rtnl_lock()``: one finding for all who allocate under it."""
    (tmp_path / "own.c").write_text(
        """
#include <linux/rtnetlink.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
void *one(void) { void *p; rtnl_lock(); p = kmalloc(8, GFP_KERNEL); rtnl_unlock(); return p; }
void *two(void) { void *p; rtnl_lock(); p = kmalloc(8, GFP_KERNEL); rtnl_unlock(); return p; }
static unsigned long scan(struct shrinker *s, struct shrink_control *sc)
{ rtnl_lock(); rtnl_unlock(); return 1; }
static struct shrinker shrinker = { .scan_objects = scan };
int start(void) { return register_shrinker(&shrinker, "own"); }
"""
    )
    kernel = FOLDER.parent.parent
    options = api.CheckOptions(paths=(tmp_path,), jobs=1, kernel=kernel, select=frozenset({"GFP003"}))
    (finding,) = api.check(options).findings
    assert (finding.function, [text for _, text in finding.also]) == (
        "one",
        ["two() allocates with the lock held"],
    )
