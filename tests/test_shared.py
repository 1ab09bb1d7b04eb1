"""What one process of a run has read of the code is for all the same, and is read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint.analysis import evaluate, run
from gfplint.cache.store import Store
from gfplint.frontend import lower, source
from gfplint.kernel.scratch import Scratch
from gfplint.kernel.trace import Leaf
from gfplint.kernel.tree import KernelTree
from gfplint.models import Models
from gfplint.program.program import FunctionRef, Program
from gfplint.program.shared import Shared
from tests.small_trees import write
from tests.test_phases import KERNEL, check

HEADER = """struct inner { int a; struct { long b; } c; };
#define SHOW(n) static int n##_show(int a) { return a + STEP; }
#define STEP 3
"""
DRIVER = """#include <linux/m.h>
#include "part.c"
SHOW(temp)
static const struct inner table[] = { { .a = STEP }, { 1, { 2 } } };
int use(struct inner *i) { return i->c.b + temp_show(STEP) + table[0].a; }
"""
PATH = "drivers/x/a.c"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "Makefile": "VERSION = 6\nPATCHLEVEL = 12\n",
        "include/linux/m.h": HEADER,
        "drivers/x/part.c": "static int part;\n",
        PATH: DRIVER,
    }
    return write(tmp_path / "linux", files)


class Process:
    """What stands for a process of a run: a program of its own, with the scratch file of all."""

    def __init__(self, root: Path, scratch: Scratch | None, store: Store | None = None) -> None:
        self.tree = KernelTree.discover(root / PATH, store=store)
        self.program = Program(self.tree, Models.load((), self.tree.version))
        if scratch is not None:
            self.program.shared = Shared(self.tree, scratch)

    def read(self) -> tuple[list[object], set[Leaf]]:
        """All kinds of things that are shared, and what these rest on."""
        program = self.program
        outer = self.tree.trace.enter()
        file = program.part(PATH)
        assert file is not None
        ref = program.resolve("use", PATH)
        assert ref is not None
        answers: list[object] = [
            file.text,
            file.included,
            [(each.kind, each.name, each.start, each.end, each.active) for each in file.items],
            program.function(ref),
            program.function(FunctionRef(PATH, file.find("temp_show")[0].start, "temp_show")),
            program.record("inner", PATH),
            program.variable("table", PATH),
            file.position(ref.start),
        ]
        assert None not in answers
        node = self.tree.trace.leave(outer)
        return answers, set(self.tree.trace.leaves(node)) if self.tree.trace.on else set()


def _again(*what: object) -> None:
    raise AssertionError(what)


@pytest.mark.parametrize("kept", [False, True])
def test_another_process_reads_nothing_again(
    root: Path, tmp_path: Path, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a store, which makes the tree traced, what an answer rests on is the same, too."""
    store = Store(tmp_path / "cache", b"") if kept else None
    alone, rests = Process(root, None, store).read()
    scratch = Scratch(None)
    first = Process(root, scratch, store)
    assert first.read() == (alone, rests)
    second = Process(root, scratch, store)
    for module, name in [
        (source, "split"),
        (lower, "lower_function"),
        (lower, "lower_record"),
        (lower, "lower_variable"),
    ]:
        monkeypatch.setattr(module, name, _again)
    assert second.read() == (alone, rests)
    assert second.program.account.files == first.program.account.files
    assert second.program.account.looked_at == first.program.account.looked_at
    assert second.tree.consulted.reads.items() <= first.tree.consulted.reads.items()
    assert bool(rests) == kept


def test_without_room_for_a_file_everything_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = Scratch(None)
    monkeypatch.setattr(Scratch, "put", lambda *_: None)
    Process(root, scratch).read()
    assert Process(root, scratch).read() == Process(root, None).read()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_forgets_all_the_time_answers_the_same(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(run, "_MOST_KEPT", 1 << 30)
        alone = check(KERNEL, jobs=jobs)
    monkeypatch.setattr(evaluate, "_MOST", 0)
    assert check(KERNEL, jobs=jobs) == alone


def test_a_run_on_many_files_lowers_a_function_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lowered: list[tuple[str, int]] = []
    lower_function = lower.lower_function

    def counted(file: source.SourceFile, item: source.Item, symbols: object) -> object:
        lowered.append((file.path, item.start))
        return lower_function(file, item, symbols)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluate, "_MOST", 0)
    monkeypatch.setattr(lower, "lower_function", counted)
    check(KERNEL)
    again = [each for each in set(lowered) if lowered.count(each) > 1]
    assert len(lowered) > 1000
    assert not again
