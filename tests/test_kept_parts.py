"""What an answer rests on of a file that was edited: parts of it, and no more than that."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint.analysis import candidates, unbalanced
from gfplint.frontend.items import ItemKind
from gfplint.frontend.source import SourceFile, split
from gfplint.kernel.kconfig import Config
from gfplint.program.parts import head_digest, item_digest, lists_digest

from .test_kept_positions import Kernel

EVERYTHING = "callbacks", "look", "confirm", "scopes", "wrappers", "registered"


@pytest.fixture(params=[0, 400], ids=["many", "few"])
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Kernel:
    """A kernel whose files are searched all at once, and one whose files are read one after the other."""
    monkeypatch.setattr(candidates, "MANY_FILES", request.param)
    monkeypatch.setattr(unbalanced, "MANY_FILES", request.param)
    return Kernel(tmp_path, monkeypatch)


def test_inside_what_takes_no_lock(kernel: Kernel) -> None:
    assert kernel.edit("\treturn 0;\n}\n\nint late_init", "\treturn 1;\n}\n\nint late_init") == kernel.first
    assert kernel.again(*EVERYTHING) == 0


def test_a_lock_taken_where_none_was(kernel: Kernel) -> None:
    taking = "\tmutex_lock(&late_one.lock);\n\tkmalloc(8, GFP_KERNEL);\n\tmutex_unlock(&late_one.lock);\n"
    there = "int late_other(void)\n{\n"
    second = kernel.edit(there, f"static struct late late_one;\n\n{there}{taking}")
    assert len(second.active) == len(kernel.first.active) + 1


def test_a_guard_where_none_was(kernel: Kernel) -> None:
    there = "int late_other(void)\n{\n"
    guarded = (
        f"int late_more(struct late *late)\n{{\n\tguard(mutex)(&late->lock);\n{there[there.index('{') + 2 :]}"
    )
    second = kernel.edit(there, f"{guarded}\tkmalloc(8, GFP_KERNEL);\n\treturn 0;\n}}\n\n{there}")
    assert len(second.active) == len(kernel.first.active) + 1


def test_a_wrapper_called_where_none_was(kernel: Kernel) -> None:
    wrapper = "\nvoid late_lock(struct late *late)\n{\n\tmutex_lock(&late->lock);\n}\n"
    kernel.edit("int late_init", f"{wrapper}\nint late_init")
    body = "\tlate_lock(late);\n\tkmalloc(8, GFP_KERNEL);\n\tmutex_unlock(&late->lock);\n"
    more = f"void late_more(struct late *late)\n{{\n{body}}}\n\nint late_init"
    second = kernel.edit("int late_init", more)
    assert len(second.active) == len(kernel.first.active) + 1
    assert len(kernel.edit("\tmutex_lock(&late->lock);\n}", "}").active) == len(kernel.first.active)


def test_a_file_that_another_includes(kernel: Kernel) -> None:
    """That it is there counts for who includes it, and what is in it for who looks for something."""
    part = kernel.driver.parent / "late_part.c"
    part.write_text("static int late_part(void)\n{\n\treturn 0;\n}\n")
    kernel.edit("int late_other", '#include "late_part.c"\n\nint late_other')
    assert len(kernel.check().active) == len(kernel.first.active)
    kernel.edit("return 0", "return 1", part)
    assert kernel.again("callbacks", "confirm", "scopes") == 0
    part.unlink()
    kernel.check()
    part.write_text("static void *late_get(struct late *late)\n{\n\treturn 0;\n}\n")
    kernel.check()


# --------------------------------------------------------------------------------------------- digests


def file(text: str) -> SourceFile:
    return split("a.c", text.encode(), Config(None, "x86", None))


def heads(text: str) -> int:
    found = file(text)
    return head_digest(found, found.find("f"))


def test_a_head_is_what_stands_before_the_body() -> None:
    known = heads("static int f(int a)\n{\n\treturn a;\n}\n")
    assert known == heads("int x;\n\nstatic int f(int a)\n{\n\treturn a + 1; /* one more */\n}\n")
    others = {
        heads(text)
        for text in (
            "int f(int a)\n{\n\treturn a;\n}\n",
            "static long f(int a)\n{\n\treturn a;\n}\n",
            "static int f(int *a)\n{\n\treturn a;\n}\n",
            "#if 0\nstatic int f(int a)\n{\n\treturn a;\n}\n#endif\n",
            "static int f(int a);\nstatic int f(int a)\n{\n\treturn a;\n}\n",
        )
    }
    assert len(others) == 5
    assert known not in others


def test_what_is_no_function_has_no_head() -> None:
    assert heads("int f;\n") == 0
    assert heads("") == 0
    found = file("struct f { int a; };\nint f(void)\n{\n}\n")
    changed = file("struct f { long a; };\nint f(void)\n{\n}\n")
    assert item_digest(found, found.find("f", ItemKind.FUNCTION)) != 0
    assert head_digest(found, found.find("f")) != head_digest(changed, changed.find("f"))


def test_lists_rest_on_macros_in_order() -> None:
    known = "#define A 1\n#define x(n) N_##n,\nenum e { ALL(x) };\n#undef x\n"
    moved = "int a;\n\n" + known.replace("#define x", "int f(void) { return 1; }\n#define x")
    assert lists_digest(file(known)) == lists_digest(file(moved))
    others = {
        lists_digest(file(text))
        for text in (
            known.replace("N_##n", "M_##n"),
            known.replace("#undef x\n", ""),
            known.replace("#undef x", "#undef A"),
            "#define A 1\n#define x(n) N_##n,\n#undef x\nenum e { ALL(x) };\n",
            "#define A 1\nenum e { ALL(x) };\n#define x(n) N_##n,\n#undef x\n",
            known.replace("ALL(x)", "ALL(x), LAST"),
        )
    }
    assert len(others) == 6
    assert lists_digest(file(known)) not in others
