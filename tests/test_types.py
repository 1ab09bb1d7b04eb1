"""Types of expressions, and the lock classes that types name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint import ir
from gfplint.irprint import format_type
from gfplint.program.types import Place
from tests.small_trees import SmallTree

HEADER = """
struct mutex { int owner; };
struct list_head { struct list_head *next, *prev; };
typedef unsigned int gfp_t;
typedef struct inner inner_t;
struct inner { struct mutex lock; struct list_head list; };
struct outer {
	struct inner in;
	inner_t *ptr;
	struct mutex locks[4];
	struct mutex *shared;
	struct { struct mutex lock; } unnamed;
	union { struct mutex plain; long pad; };
	struct mutex lock;
	gfp_t gfp;
};
struct outer *find(int n);
"""

CODE = """
#include <linux/small.h>
static struct mutex file_lock;
struct mutex global_lock;
struct outer table[3];

static struct outer *own(struct outer *o)
{
	return o;
}

void f(struct outer *o, struct inner *i, struct mutex *m, void *data, int n)
{
	struct outer local;
	struct mutex stack;
	struct outer *cast = data;

	use(&o->lock);
	use(&o->in.lock);
	use(&o->ptr->lock);
	use(&i->lock);
	use(&o->locks[n]);
	use(o->shared);
	use(&o->unnamed.lock);
	use(&o->plain);
	use(&local.lock);
	use(&stack);
	use(&file_lock);
	use(&global_lock);
	use(&table[n].lock);
	use(&cast->lock);
	use(&((struct outer *)data)->lock);
	use(&find(n)->lock);
	use(&own(o)->lock);
	use(&container_of(i, struct outer, in)->lock);
	use(&(n ? o : cast)->lock);
	use(&(o + 1)->lock);
	use(m);
	use(data);
}
"""

CLASSES = (
    "struct outer.lock",
    "struct inner.lock",
    "struct inner.lock",
    "struct inner.lock",
    "struct outer.locks[]",
    "*struct outer.shared",
    "struct outer.unnamed.lock",
    "struct outer.plain",
    "struct outer.lock",
    "local f: stack",
    "file_lock (drivers/a/a.c)",
    "global_lock",
    "struct outer.lock",
    "struct outer.lock",
    "struct outer.lock",
    "struct outer.lock",
    "struct outer.lock",
    "struct outer.lock",
    "struct outer.lock",
    "struct outer.lock",
    None,
    None,
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> SmallTree:
    files = {"include/linux/small.h": HEADER, "drivers/a/a.c": CODE}
    return SmallTree(tmp_path_factory.mktemp("types"), files)


def uses(tree: SmallTree) -> list[ir.Call]:
    return [call for call in tree.calls("f", "drivers/a/a.c") if call.function == ir.Global("use")]


def place(tree: SmallTree, number: int) -> Place | None:
    fn = tree.function("f", "drivers/a/a.c")
    return tree.types.place_behind(uses(tree)[number].args[0], fn)


@pytest.mark.parametrize("number", range(len(CLASSES)), ids=[str(name) for name in CLASSES])
def test_lock_class(tree: SmallTree, number: int) -> None:
    found = place(tree, number)
    assert (found.lock_class if found is not None else None) == CLASSES[number]


def test_every_use_has_a_class_to_expect(tree: SmallTree) -> None:
    assert len(uses(tree)) == len(CLASSES)


@pytest.mark.parametrize(
    ("number", "word"), [(0, "lock"), (4, "locks"), (5, "shared"), (10, "file_lock"), (11, "global_lock")]
)
def test_word_is_what_a_text_must_mention(tree: SmallTree, number: int, word: str) -> None:
    found = place(tree, number)
    assert found is not None
    assert found.word == word


O = ir.Local("o")  # noqa: E741


@pytest.mark.parametrize(
    ("expr", "type_"),
    [
        (O, "struct outer *"),
        (ir.Deref(O), "struct outer"),
        (ir.Field(ir.Deref(O), "gfp"), "gfp_t"),
        (ir.Field(ir.Deref(O), "ptr"), "inner_t *"),
        (ir.Field(ir.Deref(ir.Field(ir.Deref(O), "ptr")), "list"), "struct list_head"),
        (ir.Field(ir.Deref(O), "plain"), "struct mutex"),
        (ir.Index(ir.Field(ir.Deref(O), "locks"), ir.Const(1)), "struct mutex"),
        (ir.Index(ir.Global("table"), ir.Const(1)), "struct outer"),
        (ir.AddressOf(ir.Field(ir.Deref(O), "lock")), "struct mutex *"),
        (ir.Binary("+", O, ir.Const(1)), "struct outer *"),
        (ir.Select(ir.Local("n"), ir.Const(0), O), "struct outer *"),
        (ir.Field(ir.Deref(O), "nothing"), "?"),
        (ir.Local("nothing"), "?"),
        (ir.Deref(ir.Local("n")), "?"),
    ],
)
def test_type_of(tree: SmallTree, expr: ir.Expr, type_: str) -> None:
    found = tree.types.type_of(expr, tree.function("f", "drivers/a/a.c"))
    assert format_type(found) == type_


def test_strip_looks_through_typedefs(tree: SmallTree) -> None:
    strip = tree.types.strip
    assert strip(ir.Named("gfp_t"), "drivers/a/a.c") == ir.Basic("unsigned int")
    assert strip(ir.Named("inner_t"), "drivers/a/a.c") == ir.Record("struct", "inner")
    assert strip(ir.Named("nobody_t"), "drivers/a/a.c") == ir.Named("nobody_t")


def test_typedef_of_itself_ends(tmp_path: Path) -> None:
    tree = SmallTree(tmp_path, {"a.c": "typedef a b;\ntypedef b a;\nint x;\n"})
    assert isinstance(tree.types.strip(ir.Named("a"), "a.c"), ir.Named)


def test_records_of_one_tag_in_two_files(tmp_path: Path) -> None:
    """Each file has its own ``struct priv``; the field's type is that of the file that asks."""
    text = "struct priv { %s field; };\nvoid f(struct priv *p)\n{\n}\n"
    tree = SmallTree(tmp_path, {"a/a.c": text % "int", "b/b.c": text % "long"})
    record = ir.Record("struct", "priv")
    assert tree.types.field_type(record, "field", "a/a.c") == ir.Basic("int")
    assert tree.types.field_type(record, "field", "b/b.c") == ir.Basic("long")
