"""Which macro a file means, and what its use looks like to the grammar."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint.frontend.dialect import Shape
from gfplint.program.constants import Constants
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


XE = "drivers/gpu/xe/compat/uncore.h"
I915 = "drivers/gpu/i915/uncore.h"


@pytest.mark.parametrize(
    ("files", "expanded"),
    [
        ({XE: MACRO, I915: PROTOTYPE}, False),
        ({XE: MACRO}, True),
        ({I915: MACRO, XE: PROTOTYPE}, True),
        ({"include/linux/l.h": MACRO, I915: PROTOTYPE}, True),
    ],
)
def test_a_macro_of_another_driver_gives_way_to_a_function_nearby(
    tmp_path: Path, files: dict[str, str], expanded: bool
) -> None:
    path = "drivers/gpu/i915/gt/a.c"
    tree = SmallTree(tmp_path, {**files, path: "int f(void) { return lookup(1); }\n"})
    assert (tree.program.symbols.macro("lookup", path) is not None) is expanded


@pytest.mark.parametrize(
    ("declared", "expanded"),
    [("extern int lookup;\n", False), ("extern int lookup(int x);\n", False), ("", True)],
)
def test_an_inactive_macro_gives_way_to_any_declaration(
    tmp_path: Path, declared: str, expanded: bool
) -> None:
    header = f"#if 1\n{declared}#else\n#define lookup 0\n#endif\n"
    tree = SmallTree(tmp_path, {"include/linux/l.h": header, "mm/a.c": "int f(void) { return lookup; }\n"})
    assert (tree.program.symbols.macro("lookup", "mm/a.c") is not None) is expanded
    assert (Constants(tree.program).value("lookup", "mm/a.c") == 0) is expanded


def test_an_enumerator_that_is_a_macro_of_its_own_name(tmp_path: Path) -> None:
    header = "enum kind { FIRST = 3,\n#define FIRST FIRST\n};\n"
    tree = SmallTree(tmp_path, {"include/linux/l.h": header, "mm/a.c": "int x;\n"})
    assert Constants(tree.program).value("FIRST", "mm/a.c") == 3


def test_a_prototype_in_capitals_is_one(tmp_path: Path) -> None:
    files = {ARM: "#define STACK(x) other(x)\n", X86: "extern unsigned long STACK(struct task *task);\n"}
    tree = SmallTree(tmp_path, {**files, "mm/a.c": "int f(void) { return STACK(1); }\n"})
    assert tree.program.symbols.macro("STACK", "mm/a.c") is None
