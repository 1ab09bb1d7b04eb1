"""Where names are defined, stored into and mentioned."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplint.cache.pieces import DamagedError, load
from gfplint.cache.store import Store
from gfplint.kernel import scan, search
from gfplint.kernel.files import REGISTER_LIST_SIZE, read_source
from gfplint.kernel.index import Index, Site
from gfplint.kernel.ranking import rank
from gfplint.kernel.table import Table, pack
from gfplint.kernel.tree import KernelTree
from gfplint.kernel.workers import spread
from tests.small_trees import write
from tests.unpacked_trees import unpacked_trees

C_SOURCE = b"""int first(void)
{
\treturn 0;
}
static int hidden(void)
{
\tlocal(1);
label:
\tif (x) {
\t}
}
EXPORT_SYMBOL(first);
MODULE_LICENSE("GPL");
extern int elsewhere;
struct plain { int a; };
struct forward;
typedef int number_t;
#define MACRO(x) (x)
asmlinkage __visible void __init start(void) __releases(y)
{
}
__printf(1, 2) void attribute_before(const char *fmt, ...) {}
__attribute__((nonnull(2, 3)))
void *
type_above(struct list *a,
\t   struct list *b)
{
}
static int
static_above(void)
{
}
void __printf(1, 2) attribute_between(const char *s, ...)
{
}
int name_alone
\t(int x)
{
}
int (*returns_pointer(int a))(void)
{
}
void takes_u32(__u32 *p) {
}
BLOCK_WITHOUT_SEMICOLON(a, b)

/* A comment. */
void after_block(void)
{
}
DEFINE_IDTENTRY(exc_divide)
{
}
DEFINE_MUTEX(big_lock);
static DEFINE_MUTEX(own_lock);
DEFINE_PER_CPU(struct rq, queues) = { 0 };
struct mutex named = __MUTEX_INITIALIZER(named);
const struct ops table[] = {
\t.probe = first,
};
int one, two;
int marked __read_mostly = 3;
int placed __section(".x") = 3;
"""


def test_what_a_c_file_defines() -> None:
    found = scan.scan("a.c", C_SOURCE)
    assert set(found) == {scan.FUNCTION, scan.VARIABLE}
    functions = {
        b"first",
        b"start",
        b"attribute_before",
        b"type_above",
        b"static_above",
        b"attribute_between",
        b"name_alone",
        b"returns_pointer",
        b"takes_u32",
        b"after_block",
        b"exc_divide",
    }
    assert functions <= found[scan.FUNCTION]
    assert not {b"hidden", b"local", b"MACRO", b"label", b"if"} & found[scan.FUNCTION]
    assert {b"big_lock", b"queues", b"named", b"table", b"one", b"two", b"marked", b"placed"} <= found[
        scan.VARIABLE
    ]
    assert not {b"own_lock", b"elsewhere", b"number_t", b"forward", b"first"} & found[scan.VARIABLE]


H_SOURCE = b"""#ifndef X
#define X
#define CONSTANT 3
#  define CALL(x) f(x)
struct outer {
\tstruct inner {
\t\tint a;
\t} i;
};
struct next_line
{
};
struct __packed tagged {
};
union both { int a; };
typedef struct both_names { int a; } both_names_t;
typedef struct {
\tint a;
} only_typedef_t;
typedef struct { int a; } one_line_t;
typedef unsigned int __bitwise mask_t;
typedef int (*callback_t)(int a);
typedef void (function_t)(int a);
typedef int plain_function_t(int a);
typedef u8 array_t[16];
enum colour { RED, GREEN = 2, /* { braces } */
\tBLUE
};
enum { ANONYMOUS };
enum {
\t/* 1.2 { iso } */
\tCOMMENTED,
};
extern struct mutex shared;
extern int (*hook)(int a);
DECLARE_PER_CPU(struct rq, queues);
int declared(int a,
\t     int b);
extern struct page *also_declared(void) __must_check;
static inline int inlined(void) { return 1; }
static __always_inline __attribute__((const)) struct x *
far_below(int a)
{
}
#define twice() \\
do { \\
} while (0)
static inline void after_while(void)
{
}
#endif
"""


def test_what_a_header_defines() -> None:
    found = scan.scan("include/linux/a.h", H_SOURCE)
    assert found[scan.MACRO] == {b"X", b"CONSTANT", b"CALL", b"twice"}
    assert {b"outer", b"inner", b"next_line", b"tagged", b"both", b"both_names"} == found[scan.RECORD]
    assert {
        b"both_names_t",
        b"only_typedef_t",
        b"one_line_t",
        b"mask_t",
        b"callback_t",
        b"function_t",
        b"plain_function_t",
        b"array_t",
    } <= found[scan.TYPEDEF]
    assert found[scan.ENUM] == {b"colour"}
    assert found[scan.ENUMERATOR] == {b"RED", b"GREEN", b"BLUE", b"ANONYMOUS", b"COMMENTED"}
    assert {b"shared", b"hook", b"queues"} <= found[scan.VARIABLE]
    assert {b"declared", b"also_declared"} <= found[scan.PROTOTYPE]
    assert {b"inlined", b"far_below", b"after_while"} <= found[scan.STATIC] | found[scan.FUNCTION]
    assert b"inlined" in found[scan.STATIC]


def test_everything_found_is_located() -> None:
    for path, data in (("a.c", C_SOURCE), ("include/linux/a.h", H_SOURCE)):
        for kind, names in scan.scan(path, data).items():
            for name in names:
                places = scan.locate(data, name, kind)
                assert places, (name, kind)
                assert all(data.startswith(name, offset) for offset, _ in places)


def test_the_place_is_the_definition() -> None:
    data = b"int f(int);\n/* f(x) */\nvoid g(void)\n{\n\tf(1);\n}\nint f(int x)\n{\n}\n"
    data += b"#if 0\nint f(int x) {\n}\n#endif\n"
    assert [offset for offset, _ in scan.locate(data, b"f", scan.FUNCTION)] == [
        data.index(b"f(int x)\n"),
        data.index(b"f(int x) {"),
    ]
    assert [offset for offset, _ in scan.locate(data, b"f", scan.PROTOTYPE)] == [4]
    assert scan.locate(C_SOURCE, b"static_above", scan.FUNCTION)[0][1], "static on the line above"
    assert not scan.locate(C_SOURCE, b"type_above", scan.FUNCTION)[0][1]


@given(st.binary(max_size=200))
def test_any_bytes_can_be_scanned(data: bytes) -> None:
    for path in ("a.c", "a.h"):
        for kind, names in scan.scan(path, data).items():
            for name in names:
                assert all(data.startswith(name, offset) for offset, _ in scan.locate(data, name, kind))


PIECES = st.sampled_from(
    [
        "int ",
        "struct ",
        "typedef ",
        "static ",
        "enum ",
        "f",
        "x_t",
        "(",
        ")",
        "{",
        "}",
        ";",
        "=",
        ",",
        "\n",
        "\n",
        "*",
        "__a",
        "(",
        ") ",
        "#define ",
        "/* ",
        "*/",
        "DEFINE_X",
        "[",
        "]",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_arrangement_can_be_scanned(text: str) -> None:
    data = text.encode()
    for path in ("a.c", "a.h"):
        for kind, names in scan.scan(path, data).items():
            for name in names:
                assert scan.locate(data, name, kind), (name, kind)


# ------------------------------------------------------------------------------------------- tables

WORDS = st.text("ab_Z9", min_size=1, max_size=4)


@given(st.lists(st.tuples(WORDS, st.integers(0, 99)), max_size=60), st.lists(WORDS, max_size=8))
def test_a_table_is_a_multimap(rows: list[tuple[str, int]], others: list[str]) -> None:
    table = Table(pack(b"".join(f"{name}\tf{value}\n".encode() for name, value in rows)))
    for name in [name for name, _ in rows] + others:
        expected = sorted(f"f{value}".encode() for other, value in rows if other == name)
        assert table.get(name.encode()) == expected


def test_a_large_table() -> None:
    rows = [(f"name{number % 5000}", number) for number in range(20_000)]
    rows += [("name7", number) for number in range(20_000, 23_000)]  # longer than a window
    table = Table(pack(b"".join(f"{name}\tf{value}\n".encode() for name, value in rows)))
    for name in ("name0", "name7", "name4999", "name70"):
        assert len(table.get(name.encode())) == sum(other == name for other, _ in rows)
    assert table.get(b"name") == table.get(b"") == table.get(b"zzz") == []


def test_a_saved_table(tmp_path: Path) -> None:
    rows = [f"name{number % 5000}\t{number}\n".encode() for number in range(20_000)]
    table, empty = Table(pack(b"".join(rows))), Table(pack(b""))
    with Store(tmp_path / "store", b"code") as store:
        assert table.save(store, "table", b"one")
        assert empty.save(store, "table", b"none")
        again = Table(saved=load(store, "table", b"one"))
        for number in (0, 7, 4999, 5000):
            assert again.get(b"name%d" % number) == table.get(b"name%d" % number)
        assert Table(saved=load(store, "table", b"none")).get(b"name7") == []
        assert load(store, "table", b"two") is None
        (path,) = [each for each in (tmp_path / "store").glob("table-*") if each.stat().st_size > 1000]
        data = path.read_bytes()
        at = data.index(b"\nname7\t") + 1
        path.write_bytes(data[:at] + b"x" + data[at + 1 :])
        damaged = Table(saved=load(store, "table", b"one"))
        assert damaged.get(b"name0") == table.get(b"name0")
        with pytest.raises(DamagedError):
            damaged.get(b"name7")
        for part in (data[:-1], data[:-1] + b"xx", data[:100], b""):
            path.write_bytes(part)
            assert load(store, "table", b"one") is None


# ------------------------------------------------------------------------------------------ the index

TREE = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 1\n",
    ".clang-format": "X: y\nForEachMacros:\n  - 'for_each_a'\n  # note\n  - \"for_each_b\"\n"
    "After:\n  - 'no'\n",
    "include/linux/a.h": "#define shared(x) x\nstatic inline int f(void)\n{\n}\nextern struct mutex lock;\n",
    "include/asm-generic/a.h": "#define readl(x) x\n",
    "arch/x86/include/asm/a.h": "#define readl(x) x\n",
    "arch/arm64/include/asm/a.h": "#define readl(x) x\n",
    "mm/f.c": "int g(void)\n{\n\tf();\n}\n",
    "drivers/x/y.c": "int g(void)\n{\n}\nstatic struct ops o = {\n\t.probe = g,\n\t.size = 3,\n"
    "\t.mode = MODE,\n};\n"
    "void h(struct ops *o)\n{\n\to->probe = g;\n\to->probe = &g;\n\to->n.probe = g;\n\to->probe = g(1);\n}\n",
    "drivers/x/regs.h": "#define R 1\n" * (REGISTER_LIST_SIZE // 12 + 1) + "struct late { int a; };\n",
    "tools/g.c": "int g(void)\n{\n}\n",
}


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return KernelTree.discover(write(tmp_path, TREE)).index


def paths(sites: Sequence[Site]) -> list[str]:
    return [site.path for site in sites]


def test_definitions(index: Index) -> None:
    assert paths(index.functions("g")) == ["drivers/x/y.c", "mm/f.c"]
    assert index.functions("f") == (Site("f", "function", "include/linux/a.h", 38, True),)
    assert paths(index.macros("readl")) == [
        "arch/arm64/include/asm/a.h",
        "arch/x86/include/asm/a.h",
        "include/asm-generic/a.h",
    ]
    assert paths(index.variables("lock")) == ["include/linux/a.h"]
    assert index.functions("nothing") == index.macros("g") == index.records("o") == ()


def test_register_lists_are_left_out(index: Index, tmp_path: Path) -> None:
    assert index.macros("R") == index.records("late") == ()
    assert index.mentions(["late"]) == {"late": ()}
    assert read_source(str(tmp_path), "drivers/x/regs.h") == b""


def test_stores(index: Index) -> None:
    sites = index.stores("probe")
    assert paths(sites) == ["drivers/x/y.c"] * 4, "a call's result is no function's name"
    assert index.stores("size") == index.stores("mode") == ()


def test_mentions(index: Index) -> None:
    assert index.mentions(["f", "g", "none"]) == {
        "f": ("include/linux/a.h", "mm/f.c"),
        "g": ("drivers/x/y.c", "mm/f.c"),
        "none": (),
    }
    assert index.mentions(["g"], "mm") == {"g": ("mm/f.c",)}
    assert index.mentions(["g"], "mm/") == {"g": ("mm/f.c",)}
    assert index.mentions(["g"], "mm/f.c") == {"g": ("mm/f.c",)}
    assert index.mentions(["g"], "tools") == {"g": ("tools/g.c",)}
    assert index.mentions(["g"], "m") == {"g": ()}
    assert index.mentions([]) == {}


def test_loop_macros(index: Index) -> None:
    assert index.loop_macros == {"for_each_a", "for_each_b"}


def test_a_file_that_goes_away_or_cannot_be_read(tmp_path: Path) -> None:
    root = write(tmp_path, TREE)
    index = KernelTree.discover(root).index
    index.build()
    (root / "mm/f.c").unlink()
    assert paths(index.functions("g")) == ["drivers/x/y.c"]
    (root / "drivers/x/y.c").write_text("")
    assert index.mentions(["g"]) == {"g": ()}


def test_the_number_of_jobs_does_not_show(tmp_path: Path) -> None:
    files = {f"drivers/d{number}/a.c": f"int f{number % 7}(void)\n{{\n\tg();\n}}\n" for number in range(500)}
    root = write(tmp_path, {**TREE, **files})
    answers = []
    for jobs in (1, 2, 3):
        index = KernelTree.discover(root, jobs=jobs).index
        answers.append(
            [index.functions(f"f{number}") for number in range(8)]
            + [index.stores("probe"), index.mentions(["g", "f1", "shared"])]
        )
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0][0]) == 72


def test_many_words_are_found_as_few_are(tmp_path: Path) -> None:
    root = write(tmp_path, {**TREE, "lib/a.c": 'int a1; // a2\nchar *s = "a3 a4x";\n\u00e4a5 a6\u00e4 a7-a8'})
    files = KernelTree.discover(root).index.files
    words = [f"a{number}" for number in range(1, 10)] + ["f", "g", "x", "lock", "mutex", "Makefile"]
    many = [*words, *(f"unused{number}" for number in range(300)), "a", "a3b", "fg"]
    at_once = search.checked_mentions(str(root), files, many, 1, {})[0]
    for word in words:
        assert search.checked_mentions(str(root), files, [word], 1, {})[0][word] == at_once[word], word
    assert at_once["a3"] == ("lib/a.c",)
    assert at_once["a4"] == ()


@given(
    st.text(alphabet="ab_1 .", max_size=40),
    st.sets(st.text(alphabet="ab_", min_size=1, max_size=4), min_size=1, max_size=6),
)
def test_words_inside_of_others_are_found_where_they_stand_alone(text: str, words: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.c").write_text(text)
        found = search.checked_mentions(folder, ["a.c"], sorted(words), 1, {})[0]
    assert {word for word, files in found.items() if files} == words & set(re.findall(r"\w+", text))


# ------------------------------------------------------------------------------------------- ranking


@dataclass(frozen=True)
class Place:
    path: str
    offset: int = 0
    static: bool = False


@pytest.mark.parametrize(
    ("from_path", "ordered"),
    [
        (
            "drivers/a/b/x.c",
            [
                "drivers/a/b/x.c",
                "drivers/a/b/z.h",
                "drivers/a/b/y.c",
                "drivers/a/a.h",
                "arch/x86/include/asm/a.h",
                "include/linux/a.h",
                "include/asm-generic/a.h",
                "mm/a.c",
                "arch/x86/kernel/a.c",
                "drivers/c/a.c",
                "arch/x86/boot/a.c",
                "arch/arm64/include/asm/a.h",
            ],
        ),
        (
            "arch/arm64/kvm/x.c",
            [
                "arch/arm64/kvm/x.c",
                "arch/arm64/kernel/a.c",
                "include/linux/a.h",
                "mm/a.c",
                "sound/a.c",
                "arch/x86/include/asm/a.h",
            ],
        ),
        ("tools/perf/x.c", ["tools/perf/x.c", "tools/lib/a.c", "mm/a.c"]),
        ("mm/x.c", ["mm/x.c", "mm/a.h", "include/linux/a.h", "mm/kasan/a.c", "drivers/a/a.c"]),
    ],
)
def test_ranking(from_path: str, ordered: list[str]) -> None:
    places = [Place(path) for path in sorted(ordered)]
    assert [place.path for place in rank(places, from_path, "x86")] == ordered
    assert [place.path for place in rank(reversed(places), from_path, "x86")] == ordered


def test_user_space_is_left_out() -> None:
    assert rank([Place("tools/a.c"), Place("scripts/a.c"), Place("samples/a.c")], "mm/a.c", "x86") == ()
    assert rank([Place("tools/a.c"), Place("scripts/a.c")], "tools/b/a.c", "x86") == (Place("tools/a.c"),)


# ------------------------------------------------------------------------------------------- workers


def test_results_come_in_the_order_of_the_parts() -> None:
    assert spread(list, range(7), 3) == [[0, 3, 6], [1, 4], [2, 5]]
    assert spread(list, range(2), 9) == [[0], [1]]
    assert spread(list, [], 4) == [[]]


def test_a_part_whose_process_dies_is_done_here() -> None:
    parent = os.getpid()

    def work(items: Sequence[int]) -> int:
        if os.getpid() != parent:
            os._exit(3)
        return sum(items)

    assert spread(work, [1, 2, 3, 4], 2) == [4, 6]


def test_an_exception_reaches_the_caller() -> None:
    def work(items: Sequence[int]) -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        spread(work, [1, 2, 3, 4], 2)


# ---------------------------------------------------------------------------------------- real trees


@pytest.mark.slow
@pytest.mark.skipif(not unpacked_trees(), reason="no unpacked kernel tree")
@pytest.mark.parametrize("root", unpacked_trees(), ids=lambda root: str(root.name))
def test_a_real_tree(root: Path) -> None:
    tree = KernelTree.discover(root / "drivers" / "virtio", jobs=2)
    index = tree.index
    here = "drivers/virtio/virtio_balloon.c"
    assert len(tree.c_files()) > 25_000

    def best(sites: tuple[Site, ...]) -> str:
        return index.ranked(sites, here)[0].path

    assert best(index.functions("register_oom_notifier")) == "mm/oom_kill.c"
    assert best(index.functions("list_add")) == "include/linux/list.h"
    assert best(index.functions("mutex_lock")) == "kernel/locking/mutex.c"
    assert best(index.functions("virtqueue_add_outbuf")) == "drivers/virtio/virtio_ring.c"
    assert best(index.macros("container_of")) == "include/linux/container_of.h"
    assert best(index.macros("GFP_KERNEL")) == "include/linux/gfp_types.h"
    assert best(index.records("virtio_device")) == "include/linux/virtio.h"
    assert best(index.typedefs("spinlock_t")) == "include/linux/spinlock_types.h"
    assert best(index.typedefs("gfp_t")).startswith("include/linux/")
    assert best(index.variables("oom_lock")).startswith(("mm/", "include/linux/oom.h"))
    assert best(index.prototypes("mutex_unlock")) == "include/linux/mutex.h"
    assert best(index.enumerators("MIGRATE_MOVABLE")) == "include/linux/mmzone.h"
    assert here in paths(index.stores("scan_objects"))
    assert {
        here,
        "arch/powerpc/platforms/pseries/cmm.c",
        "arch/s390/mm/cmm.c",
        "drivers/gpu/drm/i915/gem/i915_gem_shrinker.c",
    } <= set(index.mentions(["register_oom_notifier"])["register_oom_notifier"])
    assert "list_for_each_entry" in index.loop_macros
    for name, source in (("mutex_lock", "kernel/locking/mutex.c"), ("oom_lock", "mm/oom_kill.c")):
        for site in (*index.functions(name), *index.variables(name)):
            if site.path == source:
                assert tree.read(source)[site.offset :].startswith(name.encode())
