"""An index that takes over what earlier runs found says what one says that scans everything."""

from __future__ import annotations

import os
import random
from array import array
from pathlib import Path

import pytest

from gfplint.cache.store import Store
from gfplint.kernel import mentions, rows, snapshot, tables
from gfplint.kernel.search import checked_mentions
from gfplint.kernel.snapshot import Snapshot
from gfplint.kernel.tree import KernelTree

NAMES = [f"name{number}" for number in range(9)]
FORMS = (
    "int {0}(void)\n{{\n\treturn {1}();\n}}\n",
    "int {0};\n",
    "struct {0} {{ int x; }};\n#define {1} 3\n",
    "struct ops ops = {{\n\t.{0} = {1},\n}};\n",
    "enum e {{ {0}, {1} }};\n/* {2} */\n",
)


def write(folder: Path, chance: random.Random) -> None:
    text = "".join(chance.choice(FORMS).format(*chance.sample(NAMES, 3)) for _ in range(3))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{chance.choice('abc')}.{chance.choice('ch')}").write_text(text)


def change(root: Path, chance: random.Random) -> None:
    """One thing that happens to a tree."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    folder = root / chance.choice(("", "x", "x/y", "z"))
    what = chance.randrange(5)
    if what == 0 and len(files) > 2:
        chance.choice(files).unlink()
    elif what == 1 and files:
        path = chance.choice(files)
        path.rename(path.with_name(f"{chance.choice('abc')}.c"))
    elif what == 2 and (root / "x").is_dir() and not (root / "w").exists():
        (root / "x").rename(root / "w")
    else:
        write(folder, chance)


def answers(root: Path, store: Store | None) -> list[object]:
    """All that the index says of all names. With a store, some searches are made along with others."""
    tree = KernelTree(root, store=store)
    index = tree.index
    if store is not None:
        index.expect(NAMES[3:6])
    index.build()
    if store is not None and tree.snapshot is not None:
        tree.snapshot.save(store)
    kinds = (index.functions, index.macros, index.records, index.variables, index.enumerators, index.stores)
    below = [index.mentions(NAMES[:4], folder) for folder in ("x", "z") if (root / folder).is_dir()]
    below.append(index.mentions(NAMES[2:5], headers=True))
    return [tree.c_files(), [kind(name) for kind in kinds for name in NAMES], index.mentions(NAMES), below]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_to_the_tree(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MOST_FRESH", 4)
    chance = random.Random(seed)
    root = tmp_path / "tree"
    write(root, chance)
    states: list[tuple[dict[Path, bytes], list[object]]] = []
    for _ in range(10):
        for _ in range(chance.choice((0, 1, 1, 6))):
            change(root, chance)
        with Store(tmp_path / "store", b"code") as store:
            now = answers(root, store)
        assert now == answers(root, None)
        states.append(({path: path.read_bytes() for path in root.rglob("*") if path.is_file()}, now))
    # And back to an earlier state.
    then, said = chance.choice(states[:-1])
    for path in sorted(root.rglob("*")):
        if path.is_file():
            path.unlink()
    for path, data in then.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with Store(tmp_path / "store", b"code") as store:
        assert answers(root, store)[1:3] == said[1:3]


def test_nothing_is_scanned_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)
    root = tmp_path / "tree"
    for _ in range(5):
        write(root / "x", chance)
    with Store(tmp_path / "store", b"code") as store:
        first = answers(root, store)

    scan, search = rows.scan_files, checked_mentions
    scanned: list[str] = []
    searched: set[str] = set()

    def watched_search(root: str, paths: list[str], *rest: object) -> object:
        searched.update(paths)
        return search(root, paths, *rest)  # type: ignore[arg-type]

    def watched(root: str, part: list[tuple[int, str]], *rest: object) -> object:
        scanned.extend(path for _, path in part)
        return scan(root, part, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(tables, "scan_files", watched)
    monkeypatch.setattr(mentions, "checked_mentions", watched_search)
    with Store(tmp_path / "store", b"code") as store:
        assert answers(root, store) == first
    assert scanned == []
    assert searched == set()
    (root / "x" / "new.c").write_text("int name1;\n")
    with Store(tmp_path / "store", b"code") as store:
        answers(root, store)
    assert scanned == ["x/new.c"]
    assert searched == {"x/new.c"}


@pytest.mark.parametrize("kind", ["index-names", "index-stores", "index", "tree"])
def test_a_lost_part_is_made_again(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "tree"
    for seed in range(4):
        write(root, random.Random(seed))
    with Store(tmp_path / "store", b"code") as store:
        first = answers(root, store)
    lost = [path for path in (tmp_path / "store").iterdir() if path.name.rpartition("-")[0] == kind]
    assert lost
    for path in lost:
        path.write_bytes(path.read_bytes()[:-1])
    with Store(tmp_path / "store", b"code") as store:
        assert answers(root, store) == first


@pytest.mark.parametrize("likely", ["x", "x/y", "", "no/where"])
def test_a_snapshot_beside_other_work(tmp_path: Path, likely: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be done anyway is done meanwhile, if something to be looked at has changed."""
    monkeypatch.setattr(snapshot, "_MOST_ALONE", 0)
    root = tmp_path / "tree"
    chance = random.Random(7)
    for folder in ("", "x", "x/y", "z"):
        write(root / folder, chance)
    for path in root.rglob("*"):
        os.utime(path, (1, 1))
    done: list[str] = []
    with Store(tmp_path / "store", b"code") as store:
        answers(root, store)
        for step in range(8):
            change(root, chance)
            both = [
                Snapshot.take(str(root), {"": frozenset()}, store, 3, [likely], lambda: done.append(likely)),
                Snapshot.take(str(root), {"": frozenset()}, store, 1),
            ]
            assert both[0].folders == both[1].folders, step
            assert both[0].digest == both[1].digest
    assert bool(done) == (likely != "no/where")


def test_a_first_listing_beside_other_work(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    chance = random.Random(3)
    for folder in ("", "x", "x/y", "z"):
        write(root / folder, chance)
    done: list[int] = []
    with Store(tmp_path / "store", b"code") as store:
        both = [
            Snapshot.take(str(root), {"": frozenset(["z"])}, store, 2, [], lambda: done.append(os.getpid())),
            Snapshot.take(str(root), {"": frozenset(["z"])}, store, 1),
        ]
    assert done == [os.getpid()]
    assert both[0].folders == both[1].folders
    assert both[0].files == both[1].files
    assert not both[0].known


def test_a_snapshot_sees_touches_as_no_change(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    write(root / "x", random.Random(1))
    with Store(tmp_path / "store", b"code") as store:
        answers(root, store)
        before = Snapshot.take(str(root), {"": frozenset()}, store, 1)
        assert before.known
        for path in root.rglob("*"):
            path.touch()
        after = Snapshot.take(str(root), {"": frozenset()}, store, 1)
        assert after.digest == before.digest
        write(root / "x" / "deeper", random.Random(2))
        assert Snapshot.take(str(root), {"": frozenset()}, store, 1).digest != before.digest


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_words_of_a_file_are_those_of_its_rows(tmp_path: Path, jobs: int) -> None:
    root = tmp_path / "tree"
    for seed in range(9):
        write(root / "x", random.Random(seed))
        write(root / "y", random.Random(seed + 9))
    with Store(tmp_path / "store", b"code") as store:
        tree = KernelTree(root, store=store, jobs=jobs)
        tree.index.build()
        assert tree.snapshot is not None
        tree.snapshot.save(store)
    with Store(tmp_path / "store", b"code") as store:
        tree = KernelTree(root, store=store)
        found = tree.index.tables
        found.open()
        assert found.base == tree.index.files
        for path in tree.index.files:
            words = found.words_of(path, found.in_base(path))
            assert words is not None
            assert words[1] is not None
            names = {rows.word_hash(group, name) for group, name in found.asked_of(path)}
            assert set(array("Q", words[0] + words[1])) == names
            fields = {name for group, name in found.asked_of(path) if group == rows.STORES}
            assert set(array("Q", words[1])) == {rows.word_hash(rows.STORES, name) for name in fields}
