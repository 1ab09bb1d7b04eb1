"""Functions that macros at file scope make: their names, places and calls, and who finds them by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint import ir
from gfplint.frontend.source import ItemKind
from tests.small_trees import SmallTree

SEQ = """
#define DEFINE_SHOW_ATTRIBUTE(__name)					\\
static int __name ## _open(struct inode *inode, struct file *file)	\\
{									\\
	return single_open(file, __name ## _show, inode->i_private);	\\
}									\\
									\\
static const struct file_operations __name ## _fops = {			\\
	.open		= __name ## _open,				\\
	.release	= single_release,				\\
}
#define module_driver(__driver, __register, ...) \\
static int __init __driver##_init(void) \\
{ \\
	return __register(&(__driver) , ##__VA_ARGS__); \\
} \\
module_init(__driver##_init)
#define module_pci_driver(__pci_driver) module_driver(__pci_driver, pci_register_driver)
#define LIST_HEAD(name) struct list_head name = { &name, &name }
#define EXPORT(name) extern typeof(name) name; static void *__keep_##name = name
#define CHECKED(x) ({ if (!(x)) { oops(); } (x); })
"""


def small(root: Path, text: str, **more: str) -> SmallTree:
    files = {f"drivers/{name}.c": other for name, other in more.items()}
    return SmallTree(root, {"include/linux/seq.h": SEQ, "drivers/a.c": text, **files})


def functions(tree: SmallTree, path: str = "drivers/a.c") -> list[str]:
    return [ref.name for ref in tree.program.functions_of(path)]


def called(tree: SmallTree, name: str, path: str = "drivers/a.c") -> list[str]:
    return [each.function.name for each in tree.calls(name, path) if isinstance(each.function, ir.Global)]


def test_a_function_and_its_table(tmp_path: Path) -> None:
    tree = small(
        tmp_path, "static int x_show(void *m) { return 0; }\n\n  DEFINE_SHOW_ATTRIBUTE(x);\nint last;\n"
    )
    assert functions(tree) == ["x_show", "x_open"]
    fn = tree.function("x_open", "drivers/a.c")
    assert (fn.errors, fn.static, fn.params) == (0, True, ("inode", "file"))
    (call,) = tree.calls("x_open", "drivers/a.c")
    assert (call.function, call.via) == (ir.Global("single_open"), "DEFINE_SHOW_ATTRIBUTE")
    assert call.args[1] == ir.Global("x_show")
    assert tree.program.position("drivers/a.c", call.at) == (3, 3)
    table = tree.program.variable("x_fops", "drivers/a.c")
    assert table is not None
    assert (table.values[0].path, table.values[0].value) == (("open",), ir.Global("x_open"))


def test_macros_in_macros(tmp_path: Path) -> None:
    tree = small(tmp_path, "static struct pci_driver d;\nmodule_pci_driver(d);\n")
    assert called(tree, "d_init") == ["pci_register_driver"]
    (call,) = tree.calls("d_init", "drivers/a.c")
    assert (call.args, call.via) == ((ir.AddressOf(ir.Global("d")),), "module_pci_driver")


def test_code_in_an_argument_keeps_its_place(tmp_path: Path) -> None:
    text = """
#define LOCKED(name, action)	\\
static void name(struct x *x)	\\
{				\\
	mutex_lock(&x->lock);	\\
	action;			\\
	mutex_unlock(&x->lock);	\\
}
LOCKED(one,
       fill(x))
"""
    tree = small(tmp_path, text)
    places = [tree.program.position("drivers/a.c", call.at) for call in tree.calls("one", "drivers/a.c")]
    assert called(tree, "one") == ["mutex_lock", "mutex_unlock", "fill"]
    assert places == [(9, 1), (9, 1), (10, 8)]


def test_a_head_by_macro_has_the_name_that_it_makes(tmp_path: Path) -> None:
    text = """
#define SHOW(fn) static long fn ## _show(struct kobject *kobj, char *buf)
#define SHOW_LOCKED(fn) SHOW(fn) { lock(); return __ ## fn ## _show(kobj, buf); }
SHOW(__x)
{
	return print(buf);
}
SHOW_LOCKED(x)
"""
    tree = small(tmp_path, text)
    assert functions(tree) == ["__x_show", "x_show"]
    (call,) = tree.calls("__x_show", "drivers/a.c")
    assert tree.function("__x_show", "drivers/a.c").params == ("kobj", "buf")
    assert (call.args, call.via) == ((ir.Local("buf"),), "")
    assert tree.program.position("drivers/a.c", call.at) == (6, 9)
    assert called(tree, "x_show") == ["lock", "__x_show"]


def test_a_head_that_makes_several_functions_stays(tmp_path: Path) -> None:
    text = """
#define CALL_DEFINE(name, ...) static long __se_##name(long a) { return __do_##name(a); } \\
	static long __do_##name(__VA_ARGS__)
CALL_DEFINE(open, int flags)
{
	return fill(flags);
}
"""
    tree = small(tmp_path, text)
    assert functions(tree) == ["open"]
    assert called(tree, "open") == ["fill"]


@pytest.mark.parametrize(
    "text",
    [
        "LIST_HEAD(x);\n",
        "EXPORT(f);\n",
        "static int x = CHECKED(1);\n",
        "UNKNOWN(x)\nint y;\n",
        "#define SELF(x) SELF(x)\nSELF(a);\n",
        "#define ONE(x) TWO(x)\n#define TWO(x) ONE(x)\nONE(a)\n",
        "#define GROW(x) GROWN(x x) static void f_##x(void) { }\n#define GROWN(x) GROW(x x)\nGROW(a)\n",
        "#define FEW(a, b) static void a(void) { b; }\nFEW(x)\n",
        "#define LONG(x) " + "word " * 3000 + "\nLONG(a)\n",
        "#define LONG(x) " + "word(x) " * 3000 + "\nLONG(a)\n",
        "#define LONG(x) int f(x) " + "word " * 3000 + "=\nLONG(a)\n",
        "#define HALF(x) static void x(void) {\nHALF(a)\nint y; }\n",
    ],
)
def test_what_makes_none(tmp_path: Path, text: str) -> None:
    tree = small(tmp_path, text + "int f(void) { return 0; }\n")
    assert "f" in functions(tree)
    assert not {"x", "x_open", "a"} & set(functions(tree))


def test_each_offset_belongs_to_the_use(tmp_path: Path) -> None:
    tree = small(tmp_path, "DEFINE_SHOW_ATTRIBUTE(x);\n")
    item = tree.program.enclosing("drivers/a.c", 5)
    assert item is not None
    assert (item.kind, item.name) == (ItemKind.VARIABLE, "x")


def test_found_by_name_from_elsewhere(tmp_path: Path) -> None:
    text = """
#define DEFINE_FILL(name) int name(int n) { return fill(n); }
DEFINE_FILL(fill_one);
"""
    tree = small(tmp_path, text, b="int go(void) { return fill_one(1); }\n")
    ref = tree.program.resolve("fill_one", "drivers/b.c")
    assert ref is not None
    assert (ref.path, ref.name) == ("drivers/a.c", "fill_one")


def test_statics_of_another_file_stay_there(tmp_path: Path) -> None:
    tree = small(tmp_path, "DEFINE_SHOW_ATTRIBUTE(x);\n", b="int go(void) { return x_open(0, 0); }\n")
    assert tree.program.resolve("x_open", "drivers/b.c") is None
