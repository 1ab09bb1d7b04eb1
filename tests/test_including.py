"""``#if`` on names that the headers define which a file includes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.small_trees import SmallTree

HEADER = """
#ifndef _A_H
#define _A_H
#define SUPPORTED 1
#define SIZE (1U << SHIFT)
#define SHIFT 12
#define EMPTY
#if 0
#define NEVER
#endif
#define TWICE(x) (2 * (x))
#define ROUND AROUND
#define AROUND ROUND
#endif
"""


def chosen(root: Path, directive: str, include: str = '#include "a.h"', path: str = "mm/a.c") -> bool:
    text = f"{include}\n#{directive}\nint yes;\n#else\nint no;\n#endif\n"
    tree = SmallTree(root, {"mm/a.h": HEADER, "mm/b.h": '#include "a.h"\n', path: text})
    source = tree.program.source(path)
    assert source is not None
    (found,) = [item.name for item in source.items if item.active and item.name in ("yes", "no")]
    return found == "yes"


@pytest.mark.parametrize(
    ("directive", "yes"),
    [
        ("ifdef SUPPORTED", True),
        ("ifndef SUPPORTED", False),
        ("if defined(SUPPORTED) && defined(EMPTY)", True),
        ("if defined(EMPTY) && SIZE > 1000", True),
        ("ifdef NEVER", False),
        ("ifdef NOWHERE", False),
        ("if SIZE > 1000", True),
        ("if SIZE > 5000", False),
        ("if SIZE > PAGE_SHIFT && SUPPORTED", True),
        ("if ROUND > 1", False),
        ("if defined(EMPTY) && SIZE > 5000", False),
        ("if !defined(NOWHERE) && SIZE > 1000", True),
        ("if SIZE == UNKNOWN_SIZE", True),
        ("if SIZE != UNKNOWN_SIZE && SUPPORTED", False),
        ("if SIZE == PAGE_SIZE", True),
        ("if TWICE(2) == 4", False),
        ("ifdef CONFIG_SUPPORTED", True),
    ],
)
def test_what_an_included_header_defines(tmp_path: Path, directive: str, yes: bool) -> None:
    assert chosen(tmp_path, directive) is yes


def test_only_headers_that_the_file_includes_itself(tmp_path: Path) -> None:
    assert not chosen(tmp_path, "ifdef SUPPORTED", "")
    assert not chosen(tmp_path / "b", "ifdef SUPPORTED", '#include "b.h"')


def test_the_files_own_word_counts_first(tmp_path: Path) -> None:
    assert not chosen(tmp_path, "ifdef SUPPORTED", '#include "a.h"\n#undef SUPPORTED')


@pytest.mark.parametrize(
    ("header", "include"),
    [
        ("include/linux/s.h", "<linux/s.h>"),
        ("arch/x86/include/asm/s.h", "<asm/s.h>"),
        ("include/asm-generic/s.h", "<asm/s.h>"),
    ],
)
def test_where_headers_are(tmp_path: Path, header: str, include: str) -> None:
    text = f"#include {include}\n#ifdef HERE\nint yes;\n#endif\n"
    tree = SmallTree(tmp_path, {header: "#define HERE\n", "mm/a.c": text})
    source = tree.program.source("mm/a.c")
    assert source is not None
    assert [item.active for item in source.items if item.name == "yes"] == [True]
