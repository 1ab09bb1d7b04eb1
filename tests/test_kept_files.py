"""Files that an earlier run has split: equal to what splitting gives now, whatever was edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint.cache.store import Store
from gfplint.cache.units import Units
from gfplint.frontend import source
from gfplint.kernel.tree import KernelTree
from gfplint.models import Models
from gfplint.program.kept_files import KeptFiles
from gfplint.program.program import Program
from tests.small_trees import write

HEADER = """#ifndef M_H
#define LEVEL 2
#define SHOW(n) static int n##_show(int a) { return a; }
#endif
"""
DRIVER = """#include <linux/m.h>
/* a comment */
SHOW(temp)
#if LEVEL > 1
int high(void) { return 1; }
#else
int low(void) { return 1; }
#endif
"""
PATH = "drivers/x/a.c"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "Makefile": "VERSION = 6\nPATCHLEVEL = 12\n",
        "include/linux/m.h": HEADER,
        "include/linux/other.h": "#define NOTHING 1\n",
        PATH: DRIVER,
    }
    return write(tmp_path / "linux", files)


def items(root: Path, store: Store | None) -> tuple[list[tuple[object, ...]], bytes]:
    """All items of the driver, those that macros make with their texts; and its text."""
    tree = KernelTree.discover(root / PATH, store=store)
    program = Program(tree, Models.load((), tree.version))
    if store is not None:
        program.kept_files = KeptFiles(tree, Units(tree, (), []))
        tree.index.build()
    file = program.part(PATH)
    assert file is not None
    found: list[tuple[object, ...]] = [
        (
            each.kind,
            each.name,
            each.start,
            each.end,
            each.name_at,
            each.static,
            each.active,
            getattr(each, "text", b""),
        )
        for each in file.items
    ]
    if store is not None:
        assert tree.snapshot is not None
        tree.snapshot.save(store)
    return found, file.text


def test_a_kept_file_is_as_if_it_were_split_now(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split, count = source.split, [0]

    def watched(path: str, *rest: object) -> object:
        count[0] += path == PATH
        return split(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(source, "split", watched)

    def checked() -> int:
        """How often the driver was split in a run with a cache."""
        count[0] = 0
        with Store(tmp_path / "store", b"code") as store:
            found = items(root, store)
        times = count[0]
        assert found == items(root, None)
        return times

    assert checked() == 1
    assert checked() == 0
    (root / "include/linux/other.h").write_text("#define NOTHING 2\n")
    assert checked() == 0
    header = root / "include/linux/m.h"
    for text in (
        HEADER.replace("LEVEL 2", "LEVEL 1"),
        HEADER.replace("n##_show", "n##_read"),
        HEADER.replace("int a", "long a"),
        HEADER.replace("#define SHOW", "#define HIDE"),
    ):
        header.write_text(text)
        assert checked() == 1
        assert checked() == 0
    header.write_text(HEADER)
    assert checked() == 1
    # A macro of the same name somewhere else, where it counts for the driver.
    (root / "drivers/x/m.h").write_text("#define LEVEL 1\n#define SHOW(n) int n;\n")
    assert checked() == 1
    (root / PATH).write_text("/* more */\n" + DRIVER)
    assert checked() == 1
    assert checked() == 0
    (root / PATH).write_text(DRIVER)
    assert checked() == 0
