"""Stores into fields that are searched for, where the scan has left them out: nobody may notice."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gfplint.analysis import relevant, run
from gfplint.api import CheckOptions
from gfplint.findings import Confidence
from gfplint.kernel import scan, storing
from gfplint.kernel.index import Index
from gfplint.kernel.search import STORED, finder
from gfplint.kernel.tree import KernelTree

from .random_edits import RandomEdits
from .test_kept_units import TESTDATA, said


@pytest.mark.parametrize("seed", range(3))
def test_random_edits(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = tmp_path / "kernel"
    shutil.copytree(TESTDATA / "kernel", kernel)
    edits, choose = RandomEdits(kernel, seed), random.Random(seed)
    monkeypatch.setattr(storing, "_SAMPLE", choose.choice((3, 30, 10**9)))
    monkeypatch.setattr(storing, "_MOST_APART", choose.choice((1, 10**9)))
    monkeypatch.setattr(relevant, "LEAST_CALLBACKS", choose.choice((0, 10**9)))
    done: list[str] = []
    for _ in range(5):
        files = edits.files(".c")
        path = choose.choice((kernel, choose.choice(files), choose.choice(files).parent))
        options = CheckOptions((path,), jobs=choose.choice((1, 2)), min_confidence=Confidence.LOW)
        with monkeypatch.context() as patch:
            patch.setattr(run, "MOST_FILES", 0)
            plain = said(options)
        with monkeypatch.context() as patch:
            patch.setattr(Index, "scan_stores", choose.choice((lambda index: None, Index.scan_stores)))
            patch.setattr(run, "MOST_FILES", choose.choice((10**9, 10**9, 10**9, 0)))
            assert said(replace(options, cache=tmp_path / "cache")) == plain, done
        done += [edits.edit() for _ in range(choose.choice((1, 1, 3)))]


def test_files_that_store_are_found() -> None:
    texts = [path.read_bytes() for path in sorted((TESTDATA / "kernel").rglob("*.[ch]"))]
    fields = sorted({field.decode() for text in texts for field in scan.scan_stores(text)})
    found = 0
    inside = finder([*(STORED + field for field in fields), *fields])
    for text in texts:
        told = inside(text)
        for number, field in enumerate(fields):
            if scan.locate_stores(text, field.encode()):
                assert number in told
                assert number + len(fields) in told, "a word that is stored into is mentioned"
                found += 1
    assert found > 100


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"x->set = f;", {"=set", "set"}),
        (b".set = f,", {"=set", "set"}),
        (b"{ .set[A] = f }", {"=set", "set"}),
        (b"x->set(y);", {"set"}),
        (b"x->set == f", {"set"}),
        (b"a>set = f", {"set"}),
        (b"set = f", {"set"}),
        (b"x->set_all = f", {"set_all"}),
        (b"x.set_all_of = y.reset", set()),
        (b"reset = x.set_all", {"set_all"}),
        (b"x->set /* = */", {"set"}),
        (b"->set", {"set"}),
        (b">set = f", {"set"}),
    ],
)
def test_fields_beside_words(text: bytes, told: set[str]) -> None:
    words = ["set_all", STORED + "set", "set"]
    assert {words[number] for number in finder(words)(text)} == told
    words = ["set", "set_all"]
    assert {words[number] for number in finder(words)(text)} == {word for word in told if word[0] != STORED}


@pytest.mark.parametrize("sample", [7, 10**9])
def test_searches_say_what_the_table_says(
    sample: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "_SAMPLE", sample)
    monkeypatch.setattr(storing, "_MOST_APART", 10**9)
    root = tmp_path / "kernel"
    shutil.copytree(TESTDATA / "kernel", root)
    told, searched, late = (KernelTree(root) for _ in range(3))
    for tree in (searched, late):
        tree.index.stores_when_asked()
        tree.index.build()
        assert not tree.index.tables.has_stores
    late.index.scan_stores()
    assert told.index.tables.has_stores
    assert late.index.tables.has_stores
    files = [path for path in told.index.files if path.startswith(("drivers/", "include/"))]
    fields = {field.decode() for path in files for field in scan.scan_stores(told.read(path))}
    assert len(fields) > 50
    folders = ["", "drivers", "include", "drivers/", "no/where", "mm"]
    for field in sorted(fields | {"no_such_field"}):
        for folder in folders:
            sites = told.index.stores(field, folder)
            assert searched.index.stores(field, folder) == sites
            assert late.index.stores(field, folder) == sites
        for most in (0, 1, 5):
            many = told.index.many_stores(field, most)
            assert many == (len(told.index.stores(field)) > most)
            assert searched.index.many_stores(field, most) == late.index.many_stores(field, most) == many
    assert not searched.index.tables.has_stores
