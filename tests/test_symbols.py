"""Which macro a file means, and what its use looks like to the grammar."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint.frontend.dialect import Shape
from tests.small_trees import SmallTree

MACRO = "#define lookup(x) other(x)\n"
INLINE = "static inline int lookup(int x) { return x; }\n"
PROTOTYPE = "int lookup(int x);\n"
X86, GENERIC, COMMON, ARM = (
    "arch/x86/include/asm/l.h",
    "include/asm-generic/l.h",
    "include/linux/l.h",
    "arch/arm/include/asm/l.h",
)


@pytest.mark.parametrize(
    ("macro", "function", "text", "expanded"),
    [
        (GENERIC, X86, INLINE, False),
        (GENERIC, X86, PROTOTYPE, False),
        (GENERIC, ARM, INLINE, True),
        (GENERIC, COMMON, PROTOTYPE, True),
        (ARM, X86, INLINE, False),
        (ARM, GENERIC, INLINE, False),
        (ARM, COMMON, PROTOTYPE, False),
        (X86, GENERIC, INLINE, True),
        (X86, ARM, INLINE, True),
    ],
)
def test_a_function_of_this_architecture_is_no_other_ones_macro(
    tmp_path: Path, macro: str, function: str, text: str, expanded: bool
) -> None:
    tree = SmallTree(
        tmp_path, {macro: MACRO, function: text, "mm/a.c": "int f(void) { return lookup(1); }\n"}
    )
    assert (tree.program.symbols.macro("lookup", "mm/a.c") is not None) is expanded
    assert [repr(call.function) for call in tree.calls("f", "mm/a.c")] == [
        f"Global(name='{'other' if expanded else 'lookup'}')"
    ]


def test_an_architecture_sees_its_own_macros(tmp_path: Path) -> None:
    tree = SmallTree(tmp_path, {ARM: MACRO, X86: INLINE, "arch/arm/mm/a.c": "int x;\n"})
    assert tree.program.symbols.macro("lookup", "arch/arm/mm/a.c") is not None


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ("struct { T *data; int n; }", Shape.TYPE),
        ("struct { T *data; } __packed", Shape.TYPE),
        ("MAKES_TYPE(T)", Shape.TYPE),
        ("MAKES_LOOP(T)", Shape.LOOP),
        ("do { x(T); } while (0)", Shape.STATEMENT),
        ("(T + 1)", Shape.EXPRESSION),
    ],
)
def test_shapes(tmp_path: Path, body: str, shape: Shape) -> None:
    header = (
        f"#define MAKES_TYPE(T) struct {{ T x; }}\n#define MAKES_LOOP(T) for (; T;)\n#define M(T) {body}\n"
    )
    tree = SmallTree(tmp_path, {"include/linux/m.h": header, "mm/a.c": "int x;\n"})
    assert tree.program.symbols.shape("M", "mm/a.c") is shape
