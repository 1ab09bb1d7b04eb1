"""What calls call: models, definitions, and through pointers what is stored in the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint import ir
from gfplint.models import Model
from tests.small_trees import SmallTree

HEADER = """
struct ops { int (*get)(int n); int (*put)(int n); };
struct other { int (*get)(int n); };
struct dev { const struct ops *ops; int (*direct)(int n); };
static inline int helper(int n) { return n; }
"""


def driver(name: str, field: str = "get") -> str:
    return f"""
#include <linux/small.h>
static int {name}_fn(int n) {{ return n; }}
static const struct ops {name}_ops = {{ .{field} = {name}_fn }};
int {name}_go(struct dev *d) {{ return d->ops->get(1) + d->ops->put(2); }}
"""


def names(
    tree: SmallTree, number: int, home: str, function: str = "one_go", path: str = "drivers/a/one/one.c"
) -> list[str]:
    call = tree.calls(function, path)[number]
    found = tree.pointers.targets(call, tree.function(function, path), home)
    return [ref.name for ref in found.refs]


def small(root: Path, **files: str) -> SmallTree:
    paths = {f"drivers/{name.replace('__', '/')}.c": text for name, text in files.items()}
    return SmallTree(root, {"include/linux/small.h": HEADER, **paths})


# ------------------------------------------------------------------------------ calls by name


def test_by_name(tmp_path: Path) -> None:
    text = """
#include <linux/small.h>
static int own(int n) { return n; }
int f(void *p) { own(1); helper(2); far(3); nowhere(4); kfree(p); return 0; }
"""
    far = "int far(int n) { return n; }\nstatic int own(int n) { return 0; }\n"
    tree = small(tmp_path, a__a=text, b__b=far)
    fn = tree.function("f", "drivers/a/a.c")
    found = [tree.pointers.direct(call, fn) for call in tree.calls("f", "drivers/a/a.c")]
    own, helper, far_, nowhere, kfree = found
    assert isinstance(kfree, Model)
    assert nowhere == ()
    places = [each[0].path for each in (own, helper, far_) if isinstance(each, tuple)]
    assert places == ["drivers/a/a.c", "include/linux/small.h", "drivers/b/b.c"]
    assert tree.pointers.totals() == {"direct": 3, "one": 0, "few": 0, "many": 0, "none": 1}


def test_static_of_the_file_wins_over_a_model(tmp_path: Path) -> None:
    tree = small(tmp_path, a__a="static void kfree(void *p) { }\nvoid f(void *p) { kfree(p); }\n")
    found = tree.pointers.direct(tree.calls("f", "drivers/a/a.c")[0], tree.function("f", "drivers/a/a.c"))
    assert isinstance(found, tuple)
    assert found[0].path == "drivers/a/a.c"


def test_statics_of_other_files_are_out_of_reach(tmp_path: Path) -> None:
    tree = small(tmp_path, a__a="void f(void) { hidden(); }\n", b__b="static void hidden(void) { }\n")
    assert (
        tree.pointers.direct(tree.calls("f", "drivers/a/a.c")[0], tree.function("f", "drivers/a/a.c")) == ()
    )


# ----------------------------------------------------------------------------- through pointers


def test_one_table(tmp_path: Path) -> None:
    tree = small(tmp_path, a__one__one=driver("one"))
    assert names(tree, 0, "drivers/a/one") == ["one_fn"]
    assert names(tree, 1, "drivers/a/one") == []
    assert tree.notes("unresolved-call") == ["one_go() calls through put; no target is known."]


def test_near_ones_are_meant(tmp_path: Path) -> None:
    tree = small(
        tmp_path, a__one__one=driver("one"), b__two__two=driver("two"), c__three__three=driver("three")
    )
    assert names(tree, 0, "drivers/a/one") == ["one_fn"]
    assert names(tree, 0, "drivers/b/two") == ["two_fn"]
    assert names(tree, 0, "net/core") == ["one_fn", "two_fn", "three_fn"]


def test_home_is_said_to_have_mattered(tmp_path: Path) -> None:
    tree = small(tmp_path, a__one__one=driver("one"), b__two__two=driver("two"))
    call, fn = tree.calls("one_go", "drivers/a/one/one.c")[0], tree.function("one_go", "drivers/a/one/one.c")
    assert tree.pointers.targets(call, fn, "drivers/a/one").by_home
    assert tree.pointers.targets(call, fn, "net/core").by_home
    put = tree.calls("one_go", "drivers/a/one/one.c")[1]
    assert not tree.pointers.targets(put, fn, "net/core").by_home


def test_what_a_header_of_all_stores_counts_too(tmp_path: Path) -> None:
    """Other drivers' tables are not meant; objects that an inline function of a header makes may be."""
    fn_path = "drivers/a/one/one.c"
    tree = small(tmp_path, a__one__one=driver("one"), b__two__two=driver("two"))
    call = tree.calls("one_go", fn_path)[0]
    assert tree.pointers.targets(call, tree.function("one_go", fn_path), "drivers/a/one").possible == 1
    header = tmp_path / "shared"
    tree = small(header, a__one__one=driver("one"))
    (header / "include/linux/made.h").write_text(
        "#include <linux/small.h>\nstatic int made_fn(int n) { return n; }\n"
        "static inline struct ops make(void) { struct ops o = { .get = made_fn }; return o; }\n"
    )
    call = tree.calls("one_go", fn_path)[0]
    found = tree.pointers.targets(call, tree.function("one_go", fn_path), "drivers/a/one")
    assert [ref.name for ref in found.refs] == ["one_fn"]
    assert found.possible == 2


def test_what_the_library_around_a_driver_stores_counts_as_one(tmp_path: Path) -> None:
    tree = small(
        tmp_path,
        a__lib__one__one=driver("one"),
        a__lib__helper=driver("helper"),
        a__lib__other=driver("other"),
    )
    path = "drivers/a/lib/one/one.c"
    call = tree.calls("one_go", path)[0]
    found = tree.pointers.targets(call, tree.function("one_go", path), "drivers/a/lib/one")
    assert [ref.name for ref in found.refs] == ["one_fn"]
    assert found.possible == 2


def test_too_many_far_ones_are_not_followed(tmp_path: Path) -> None:
    many = {f"d{number}__x__d{number}": driver(f"d{number}") for number in range(4)}
    tree = small(tmp_path, a__one__one=driver("one", "put"), **many)
    assert names(tree, 0, "net/core") == []
    assert names(tree, 0, "drivers/d2/x") == ["d2_fn"]
    assert "one_go() calls through get; too many functions are possible." in tree.notes("unresolved-call")


def test_field_of_the_same_name_in_another_struct(tmp_path: Path) -> None:
    text = (
        "#include <linux/small.h>\nstatic int x(int n) { return n; }\nstatic struct other o = { .get = x };\n"
    )
    tree = small(tmp_path, a__one__one=driver("one"), a__one__x=text)
    assert names(tree, 0, "drivers/a/one") == ["one_fn"]


@pytest.mark.parametrize(
    "store",
    [
        "void set(struct dev *d) { d->direct = target; }",
        "void set(struct dev *d) { d->direct = &target; }",
        "void set(struct dev *d, int n) { d->direct = n ? target : 0; }",
        "void set(struct dev *d, int n) { d->direct = n == 2 ?\n\t\tother : target; }",
        "void set(struct dev *d, int n) { d->direct = n ? 0 : n > 3 ? target : 0; }",
        "void set(struct dev *d) { d->direct = test(d, 1) ? target : 0; }",
        "void set(struct dev *d) { d->direct = d->ops->get = target; }",
        "void set(struct dev *d) { d->direct = (int (*)(int))target; }",
        "static struct dev one = { .direct = 1 ? target : 0, .ops = 0 };",
        "#define a_ptr(p) (1 ? (p) : 0)\nstatic struct dev one = { .direct = a_ptr(target) };",
        "static struct dev table[] = { { .direct = target }, };",
        "void set(struct dev *d) { *d = (struct dev) { .direct = target }; }",
    ],
)
def test_ways_to_store(tmp_path: Path, store: str) -> None:
    text = f"""
#include <linux/small.h>
static int target(int n) {{ return n; }}
{store}
int go(struct dev *d) {{ return d->direct(1); }}
"""
    tree = small(tmp_path, a__a=text)
    assert names(tree, 0, "drivers/a", "go", "drivers/a/a.c") == ["target"]


ARRAYS = """
struct slot { int n; int (*run)(int n); };
struct box { int (*all[4])(int n); struct slot slots[2]; };
static int one(int n) { return n; }
static int two(int n) { return n; }
"""


@pytest.mark.parametrize(
    "store",
    [
        "void set(struct box *b) { b->all[1] = two; b->all[0] = one; }",
        "static struct box x = { .all = { one, two } };",
        "static struct box x = { .all = { [2] = one, [3] = two } };",
        "static struct box x = { .all[2] = one, .all[3] = two };",
    ],
)
def test_arrays_of_pointers_in_a_struct(tmp_path: Path, store: str) -> None:
    text = f"{ARRAYS}{store}\nint go(struct box *b, int n) {{ return b->all[n](1); }}\n"
    assert names(small(tmp_path, a__a=text), 0, "drivers/a", "go", "drivers/a/a.c") == ["one", "two"]


@pytest.mark.parametrize(
    "store",
    [
        "void set(struct box *b) { b->slots[1].run = one; b->slots[0].run = two; }",
        "static struct box x = { .slots = { { .run = one }, { .run = two } } };",
        "static struct slot x[] = { { .run = one }, [2] = { .run = two } };",
    ],
)
def test_arrays_of_structs(tmp_path: Path, store: str) -> None:
    text = f"{ARRAYS}{store}\nint go(struct box *b, int n) {{ return b->slots[n].run(1); }}\n"
    assert names(small(tmp_path, a__a=text), 0, "drivers/a", "go", "drivers/a/a.c") == ["one", "two"]


@pytest.mark.parametrize(
    "body",
    [
        "int (*f)(int) = d->direct; return f ? f(1) : 0;",
        "int (*f)(int); int (*g)(int); g = d->direct; f = g; return f(1);",
        "return (*d->direct)(1);",
        "return (n ? d->direct : target)(1);",
    ],
)
def test_what_a_local_variable_holds(tmp_path: Path, body: str) -> None:
    text = f"""
#include <linux/small.h>
static int target(int n) {{ return n; }}
void set(struct dev *d) {{ d->direct = target; }}
int go(struct dev *d, int n) {{ {body} }}
"""
    assert names(small(tmp_path, a__a=text), 0, "drivers/a", "go", "drivers/a/a.c") == ["target"]


def test_a_choice_between_functions_is_a_call_of_either(tmp_path: Path) -> None:
    text = """
static void one(int n) { }
static void two(int n) { }
void go(int write, int n) { (write ? one : two)(n + 1); }
"""
    tree = small(tmp_path, a__a=text)
    fn = tree.function("go", "drivers/a/a.c")
    calls = [
        (number, call.function) for number, block in enumerate(fn.blocks) for call in block.instructions
        if isinstance(call, ir.Call)
    ]  # fmt: skip
    assert [function for _, function in calls] == [ir.Global("one"), ir.Global("two")]
    assert calls[0][0] != calls[1][0]


def test_what_a_variable_of_the_file_holds(tmp_path: Path) -> None:
    text = """
static int one(int n) { return n; }
static int two(int n) { return n; }
static int three(int n) { return n; }
static int (*hook)(int n) = one;
static int (*other)(int n) = three;
void set(int n) { hook = n ? two : 0; }
int go(int n) { return hook(n); }
"""
    assert names(small(tmp_path, a__a=text), 0, "drivers/a", "go", "drivers/a/a.c") == ["one", "two"]


def test_store_in_an_arm_that_is_not_built(tmp_path: Path) -> None:
    text = (
        driver("one")
        + "#if 0\nstatic int off(int n) { return n; }\nstatic struct ops o = { .get = off };\n#endif\n"
    )
    tree = small(tmp_path, a__one__one=text)
    assert names(tree, 0, "drivers/a/one") == ["one_fn"]


def test_pointer_that_is_no_field(tmp_path: Path) -> None:
    tree = small(tmp_path, a__a="int go(int (*f)(int n)) { return f(1); }\n")
    assert names(tree, 0, "drivers/a", "go", "drivers/a/a.c") == []


def test_totals(tmp_path: Path) -> None:
    tree = small(tmp_path, a__one__one=driver("one"), b__two__two=driver("two"))
    names(tree, 0, "net/core")
    names(tree, 1, "net/core")
    assert tree.pointers.totals() == {"direct": 0, "one": 0, "few": 1, "many": 0, "none": 1}


def test_stored_values(tmp_path: Path) -> None:
    """Masks kept in a field: constant stores of a folder, ``|=`` among them."""
    text = """
struct pool { unsigned int gfp; };
static struct pool fixed = { .gfp = 1 };
void set(struct pool *p, int n) { p->gfp = n ? 2 : 3; p->gfp |= 4; }
"""
    tree = small(
        tmp_path,
        a__a=text,
        b__b="struct pool { unsigned int gfp; };\nvoid far(struct pool *p) { p->gfp = 9; }\n",
    )
    found = tree.pointers.stores.values("pool", "gfp", "drivers/a")
    assert {path for _, path in found} == {"drivers/a/a.c"}
    constants = {value.value for value, _ in found if isinstance(value, ir.Const)}
    assert constants == {1, 2, 3}
    assert len(found) == 4


def test_stored_functions_are_counted_as_far_as_it_matters(tmp_path: Path) -> None:
    drivers = {f"{name}__{name}": driver(name) for name in ("one", "two", "three")}
    stores = small(tmp_path, **drivers, x__x="struct dev d = { .direct = 0 };\n").pointers.stores
    assert len(stores.stored("ops", "get") or ()) == 3
    assert [stores.count("ops", "get", 9, most) for most in (1, 2, 3, 4)] == [2, 3, 3, 3]
    assert stores.count("ops", "get", 2, 4) == 0, "too many places to look at"
    assert stores.count("other", "get", 9, 4) == stores.count("ops", "put", 9, 4) == 0


def test_counting_opens_no_more_files_than_it_needs(tmp_path: Path) -> None:
    tree = small(tmp_path, **{f"a{number}__a": driver(f"n{number}") for number in range(9)})
    assert tree.pointers.stores.count("ops", "get", 20, 3) == 4
    assert "drivers/a0/a.c" in tree.program.paths_read
    assert "drivers/a8/a.c" not in tree.program.paths_read


def test_few_files_may_say_that_there_are_more_functions(tmp_path: Path) -> None:
    tree = small(tmp_path, **{f"a{number}__a": driver(f"n{number}") for number in range(9)})
    paths = [path for path in tree.program.tree.index.files if path.startswith("drivers/a")]
    stores = tree.pointers.stores
    assert len(paths) == 9
    assert not stores.more("ops", "get", 2, paths[:2])
    assert not stores.more("other", "get", 0, paths)
    assert stores.more("ops", "get", 2, paths)
    assert "drivers/a8/a.c" not in tree.program.paths_read
    assert not stores.more("ops", "get", 9, paths)
