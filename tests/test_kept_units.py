"""Answers kept by unit of work: a run that uses them says what a run without a cache says, after any edit."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gfplint.analysis import candidates, relevant, unbalanced
from gfplint.api import CheckOptions, check
from gfplint.errors import GfplintError
from gfplint.findings import Confidence, Report
from gfplint.kernel.trace import Memo, Trace
from gfplint.program.kept import KeptWork

from .random_edits import RandomEdits

TESTDATA = Path(__file__).parent.parent / "testdata"


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    tree = tmp_path / "kernel"
    shutil.copytree(TESTDATA / "kernel", tree)
    return tree


def said(options: CheckOptions) -> Report | str:
    """All of a report, its notes and statistics too, or the error."""
    try:
        return check(options)
    except GfplintError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(3))
def test_random_edits(kernel: Path, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed == 1:  # as if the kernel were a large one, in which wrappers are searched for everywhere
        monkeypatch.setattr(candidates, "MANY_FILES", 5)
        monkeypatch.setattr(unbalanced, "MANY_FILES", 5)
    edits, choose = RandomEdits(kernel, seed), random.Random(seed)
    done: list[str] = []
    for _ in range(5):
        files = edits.files(".c")
        path = choose.choice((kernel, choose.choice(files), choose.choice(files).parent))
        plain = CheckOptions((path,), jobs=choose.choice((1, 2)), min_confidence=Confidence.LOW)
        assert said(replace(plain, cache=tmp_path / "cache")) == said(plain), done
        done += [edits.edit() for _ in range(choose.choice((1, 1, 3)))]


class Worked:
    """Which units a run works out anew."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[str] = []
        work = KeptWork.work

        def note(kept, key, *rest, **named):  # type: ignore[no-untyped-def]
            self.keys.append(repr(key))
            return work(kept, key, *rest, **named)

        monkeypatch.setattr(KeptWork, "work", note)

    def about(self, kind: str) -> int:
        """How many units of a kind there were since this was asked last."""
        number = sum(key.startswith(f"('{kind}'") for key in self.keys)
        self.keys = [key for key in self.keys if not key.startswith(f"('{kind}'")]
        return number


def test_an_edit_costs_what_it_touches(kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relevant, "LEAST_CALLBACKS", 10**9)
    worked = Worked(monkeypatch)
    options = CheckOptions((kernel / "drivers" / "balloon",), cache=tmp_path / "cache")
    check(options)
    all_callbacks = worked.about("callbacks")
    assert all_callbacks > 10
    assert worked.about("look") > 0
    elsewhere = kernel / "drivers" / "chain"
    path = next(iter(sorted(elsewhere.glob("*.c"))))
    path.write_text("/* a line more */\n" + path.read_text())
    check(options)
    assert worked.about("callbacks") < all_callbacks / 2
    assert worked.about("look") == 0


@pytest.mark.parametrize("many", [0, 400])
def test_an_edit_behind_what_counts_costs_nothing(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(relevant, "LEAST_CALLBACKS", 10**9)
    monkeypatch.setattr(candidates, "MANY_FILES", many)
    monkeypatch.setattr(unbalanced, "MANY_FILES", many)
    worked = Worked(monkeypatch)
    options = CheckOptions((kernel / "drivers" / "balloon",), cache=tmp_path / "cache")
    check(options)
    kinds = ("callbacks", "look", "confirm", "scopes")
    assert worked.about("callbacks") > 10
    assert worked.about("look") > 0
    assert (worked.about("wrappers") > 0) == (many == 0)
    worked.keys.clear()
    for path in sorted(kernel.rglob("*.[ch]")):
        # On the values of masks rests everything.
        if not path.is_relative_to(kernel / "drivers") and not path.name.startswith("gfp"):
            path.write_text(path.read_text() + "\nstatic inline int at_the_end(void) { return 1; }\n")
    second = check(options)
    assert {kind: worked.about(kind) for kind in kinds} == dict.fromkeys(kinds, 0)
    assert second == check(replace(options, cache=None))


def test_which_callbacks_matter_is_kept(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked = Worked(monkeypatch)
    options = CheckOptions((kernel / "drivers" / "balloon",), cache=tmp_path / "cache")
    first = check(options)
    assert first.statistics.callbacks_left_out > 100
    assert worked.about("callbacks") < 10
    assert (worked.about("holdable"), worked.about("ways back")) == (1, 1)
    path = kernel / "drivers" / "chain" / "chain.c"
    path.write_text("/* a line more */\n" + path.read_text())
    check(options)
    assert (worked.about("holdable"), worked.about("ways back")) == (0, 0)
    assert worked.about("callbacks") == 0


def test_what_is_called_is_kept_apart_from_who_calls(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked = Worked(monkeypatch)
    path = kernel / "drivers" / "balloon" / "balloon.c"
    options = CheckOptions((path,), min_confidence=Confidence.LOW, cache=tmp_path / "cache")

    def again() -> list[bool]:
        """Whether each of both was asked anew."""
        worked.keys.clear()
        cached = check(options)
        found = [worked.about(kind) > 0 for kind in ("called locks", "called wrappers")]
        assert cached == check(replace(options, cache=None))
        return found

    assert again() == [True, True]
    text = path.read_text()
    path.write_text(text + "int at_the_end;\n")
    assert again() == [False, False]
    caller = "static int other(struct balloon *vb)\n{\n\thold_it(vb);\n\treturn !kmalloc(8, GFP_KERNEL);\n}\n"
    path.write_text(text + caller)
    assert again() == [True, True]
    path.write_text(text + caller + "int at_the_end;\n")
    assert again() == [False, False]
    findings = len(check(options).findings)
    helper = kernel / "drivers" / "helper" / "hold.c"
    helper.parent.mkdir()
    helper.write_text(
        "#include <linux/balloon.h>\nvoid hold_it(struct balloon *vb)\n{\n\tmutex_lock(&vb->lock);\n}\n"
    )
    assert again() == [True, True]
    assert len(check(options).findings) == findings + 1
    helper.write_text(helper.read_text() + "int at_the_end;\n")
    assert not again()[0]
    helper.write_text(helper.read_text().replace("mutex_lock", "lockdep_assert_held"))
    assert again() == [True, True]
    assert len(check(options).findings) == findings
    helper.unlink()
    path.write_text(text + caller + "int another;\n")
    assert again() == [True, True]


def test_what_was_missing_counts(kernel: Path, tmp_path: Path) -> None:
    """A name that nobody defined when the answer was made is defined later, and goes away again."""
    driver = kernel / "drivers" / "late"
    driver.mkdir()
    (driver / "late.c").write_text(
        "#include <linux/mutex.h>\n"
        "#include <linux/shrinker.h>\n"
        "static DEFINE_MUTEX(late_lock);\n"
        "static unsigned long late_scan(struct shrinker *s, struct shrink_control *sc)\n"
        "{\n\tlate_wait(&late_lock);\n\treturn 0;\n}\n"
        "static struct shrinker late_shrinker = { .scan_objects = late_scan };\n"
        "int late_init(void)\n{\n\treturn register_shrinker(&late_shrinker);\n}\n"
        "void late_work(void)\n{\n\tmutex_lock(&late_lock);\n\tkmalloc(8, GFP_KERNEL);\n"
        "\tmutex_unlock(&late_lock);\n}\n"
    )
    options = CheckOptions((driver,), cache=tmp_path / "cache")
    first = check(options)
    helper = kernel / "lib" / "late_helper.c"
    helper.write_text("void late_wait(struct mutex *lock)\n{\n\tmutex_lock(lock);\n}\n")
    second = check(options)
    assert len(second.active) == len(first.active) + 1
    assert second == check(replace(options, cache=None))
    helper.unlink()
    assert check(options) == first == check(replace(options, cache=None))


def test_trace_finds_what_others_asked_first() -> None:
    trace = Trace(True)

    def looked_up(name: str) -> int:
        trace.leaf("name", "names", name)
        return len(name)

    inner: Memo[str, int] = Memo(trace, looked_up)
    outer: Memo[str, int] = Memo(trace, lambda name: inner(name) + inner(name + "x"))
    assert outer("a") == 3
    frame = trace.enter()
    assert outer("a") == 3
    node = trace.leave(frame)
    assert sorted(trace.leaves(node)) == [("name", "names", "a"), ("name", "names", "ax")]
    frame = trace.enter()
    assert inner("ax") == 2
    assert trace.leaves(trace.leave(frame)) == [("name", "names", "ax")]
