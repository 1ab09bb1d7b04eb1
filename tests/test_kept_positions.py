"""Kept answers after definitions moved: positions move along; what isn't the same any more is worked out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gfplint.api import CheckOptions, check
from gfplint.findings import Confidence, Report
from gfplint.program.anchors import Anchors, MovedError, Span, Spot
from gfplint.program.program import FunctionRef

from .test_kept_units import TESTDATA, Worked

DRIVER = """#include <linux/mutex.h>
#include <linux/shrinker.h>

struct late {
	struct mutex lock;
	int number;
};

static unsigned long late_scan(struct shrinker *s, struct shrink_control *sc)
{
	struct late *late = s->private_data;

	mutex_lock(&late->lock);
	mutex_unlock(&late->lock);
	return 0;
}

static struct shrinker late_shrinker = { .scan_objects = late_scan };

int late_other(void)
{
	return 0;
}

int late_init(void)
{
	return register_shrinker(&late_shrinker);
}

static void *late_get(struct late *late)
{
	return kmalloc(LATE_SIZE, LATE_MASK);
}

void late_work(struct late *late)
{
	mutex_lock(&late->lock);
	late_get(late);
	mutex_unlock(&late->lock);
}
"""
GET = DRIVER[DRIVER.index("static void *late_get") : DRIVER.index("void late_work")]
WORK = DRIVER[DRIVER.index("void late_work") :]


class Kernel:
    """A kernel with one driver more, in which it has a finding."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = tmp_path / "kernel"
        shutil.copytree(TESTDATA / "kernel", self.root)
        folder = self.root / "drivers" / "late"
        folder.mkdir()
        self.driver, self.header = folder / "late.c", folder / "late.h"
        self.header.write_text("#define LATE_SIZE 8\n#define LATE_MASK GFP_KERNEL\n")
        self.driver.write_text('#include "late.h"\n' + DRIVER)
        self._options = CheckOptions((folder,), cache=tmp_path / "cache", min_confidence=Confidence.LOW)
        self.worked = Worked(monkeypatch)
        self.first = self.check()

    def check(self) -> Report:
        """The report, which is the same without a cache."""
        self.worked.keys.clear()
        report = check(self._options)
        again = list(self.worked.keys)
        assert report == check(replace(self._options, cache=None))
        self.worked.keys = again
        return report

    def edit(self, old: str, new: str, path: Path | None = None) -> Report:
        """The report after an edit."""
        path = path or self.driver
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return self.check()

    def again(self, *kinds: str) -> int:
        """Units of these kinds that the last check worked out."""
        return sum(self.worked.about(kind) for kind in kinds)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(tmp_path, monkeypatch)


def lines(report: Report) -> list[int]:
    return [finding.place.line for finding in report.active]


def test_lines_before_everything(kernel: Kernel) -> None:
    assert len(kernel.first.active) == 1
    second = kernel.edit("#include", "\n\n\n#include")
    assert lines(second) == [line + 3 for line in lines(kernel.first)]
    assert kernel.again("callbacks", "confirm") == 0
    # Who moves in its own file is looked at again, being there in full.
    assert kernel.again("look") <= 2


def test_lines_elsewhere(kernel: Kernel) -> None:
    """Functions of other files move, and no unit is worked out again that rests on them."""
    for path in sorted(kernel.root.rglob("*.[ch]")):
        if path.parent != kernel.driver.parent and not path.name.startswith("gfp"):
            path.write_text("\n\n" + path.read_text())
    report = kernel.check()
    assert lines(report) == lines(kernel.first)
    assert kernel.again("callbacks", "look", "confirm", "scopes") == 0


def test_a_line_in_between(kernel: Kernel) -> None:
    second = kernel.edit("\treturn 0;\n}\n\nint late_init", "\tbarrier();\n\treturn 0;\n}\n\nint late_init")
    assert lines(second) == [line + 1 for line in lines(kernel.first)]
    assert kernel.again("confirm") == 0


def test_a_comment_inside(kernel: Kernel) -> None:
    second = kernel.edit("\tlate_get(late);\n", "\t/* Now. */\n\tlate_get(late);\n")
    assert lines(second) == [line + 1 for line in lines(kernel.first)]


def test_two_definitions_change_places(kernel: Kernel) -> None:
    second = kernel.edit(GET + WORK, WORK + "\n" + GET)
    assert lines(second) == [line - GET.count("\n") for line in lines(kernel.first)]
    third = kernel.edit(WORK + "\n" + GET, GET + WORK)
    assert third == kernel.first


def test_a_second_definition_of_a_name(kernel: Kernel) -> None:
    """In arms that are built and that aren't, before the one that was there and behind it."""
    other = GET.replace("LATE_MASK", "GFP_NOWAIT")
    assert len(kernel.edit(GET, f"#ifndef CONFIG_NUMA\n{other}#endif\n{GET}").active) == 1
    assert len(kernel.edit("#ifndef CONFIG_NUMA", "#ifdef CONFIG_NUMA").active) == 0
    assert len(kernel.edit(f"#endif\n{GET}", f"#else\n{GET}#endif\n").active) == 0
    assert len(kernel.edit("#ifdef CONFIG_NUMA", "#ifndef CONFIG_NUMA").active) == 1
    twins = f"{WORK}#ifndef CONFIG_NUMA\n{WORK}#endif\n"
    assert len(kernel.edit(WORK, twins).active) >= 1


def test_a_macro_of_a_header(kernel: Kernel) -> None:
    assert kernel.edit("GFP_KERNEL", "GFP_NOWAIT", kernel.header).active == []
    assert kernel.edit("GFP_NOWAIT", "GFP_KERNEL", kernel.header) == kernel.first
    moved = kernel.edit("#define LATE_SIZE 8\n", "/* A line. */\n#define LATE_SIZE 8\n", kernel.header)
    assert moved == kernel.first
    assert kernel.edit("LATE_SIZE 8", "LATE_SIZE 9", kernel.header).active != []


def test_a_function_moves_to_another_file(kernel: Kernel) -> None:
    kernel.header.write_text(kernel.header.read_text() + "\nvoid *late_get(struct late *late);\n")
    other = kernel.driver.with_name("other.c")
    other.write_text(f'#include "late.h"\n\n\n{GET.removeprefix("static ")}')
    second = kernel.edit(GET, "")
    assert len(second.active) == 1
    assert "drivers/late/other.c" in {
        step.place.path for thread in second.active[0].threads for step in thread.steps if step.place
    }
    other.write_text("\n" + other.read_text())
    third = kernel.check()
    assert len(third.active) == 1
    assert third != second


def test_definitions_on_one_line(kernel: Kernel) -> None:
    kernel.edit("}\n\nvoid late_work", "} void late_work")
    kernel.edit("#include", "\n#include")
    kernel.edit("} void late_work", "}\n\n\nvoid late_work")


class Files:
    """Definitions of one file."""

    def __init__(self, *starts: int) -> None:
        self._spans = {(f"f{number}", 0): Span(at, at + 9, at, 1, at, 10) for number, at in enumerate(starts)}

    def spans(self, _: str) -> dict[tuple[str, int], Span]:
        return self._spans


def test_what_moves() -> None:
    old, new = Files(0, 10, 20), Files(0, 30)
    answer = [FunctionRef("a.c", 10, "f1"), Spot("a.c", 13), Spot("a.c", 99), Spot("b.c", 13)]
    data, kept = Anchors(old, lambda _: True).dumps(answer)
    fresh = Anchors(new, lambda _: True)
    assert fresh.loads(data, kept, []) == answer
    moved = Anchors(new, lambda _: True).loads(data, kept, ["a.c"])
    assert moved == [FunctionRef("a.c", 30, "f1"), Spot("a.c", 33), Spot("a.c", 99), Spot("b.c", 13)]
    gone, kept = Anchors(old, lambda _: True).dumps(FunctionRef("a.c", 20, "f2"))
    with pytest.raises(MovedError):
        Anchors(new, lambda _: True).loads(gone, kept, ["a.c"])
    # What had no definition around it when it was kept can't be found again.
    lost, kept = Anchors(old, lambda _: True).dumps(FunctionRef("a.c", 20, "f9"))
    with pytest.raises(MovedError):
        Anchors(new, lambda _: True).loads(lost, kept, ["a.c"])


def test_relative_forms_stay() -> None:
    one, other = Anchors(Files(0, 10), lambda _: True), Anchors(Files(5, 40), lambda _: True)
    value = [FunctionRef("a.c", 10, "f1"), {"b", "a"}, ("x", 3, None)]
    there = [FunctionRef("a.c", 40, "f1"), {"a", "b"}, ("x", 3, None)]
    assert repr(one.relative(value)) == repr(other.relative(there))
    assert repr(one.relative(value)) != repr(other.relative([FunctionRef("a.c", 5, "f0"), *there[1:]]))
