"""Splitting: what is found, where, and that nothing is lost or raised on any bytes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gfplint.frontend.lexical import strip_comments
from gfplint.frontend.source import Item, ItemKind, SourceFile, split


class FakeConfig:
    """CONFIG_A is on, every other option off; names that nobody defined are not defined."""

    def enabled(self, name: str) -> bool:
        return name == "CONFIG_A"

    def decide(self, directive: str, defined: Callable[[str], bool | None]) -> bool:
        word, _, rest = directive.partition(" ")
        if word == "if":
            return rest not in ("0", "CONFIG_B")
        known = self.enabled(rest) or bool(defined(rest))
        return known if word == "ifdef" else not known


def items_of(text: str | bytes) -> SourceFile:
    return split("x.c", text.encode() if isinstance(text, str) else text, FakeConfig())


def names(source: SourceFile, kind: ItemKind) -> list[str]:
    return [item.name for item in source.items if item.kind is kind]


def piece(source: SourceFile, item: Item) -> str:
    return source.data[item.start : item.end].decode()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("int f(void)\n{\n\treturn 1;\n}\n", "f"),
        ("static inline struct foo *f(struct bar *b, int (*g)(int)) { return b->x; }", "f"),
        ("static int __init f(void)\n{\n}\n", "f"),
        ("void f(void) __acquires(lock) __must_hold(&a->b)\n{\n}\n", "f"),
        ("__printf(1, 2) static void f(const char *fmt, ...)\n{\n}\n", "f"),
        ("static __attribute__((noinline)) int\nf(int a)\n{\n}\n", "f"),
        ("int f(a, b)\n\tint a;\n\tchar *b;\n{\n\treturn a;\n}\n", "f"),
        ("int (*f(int x))(long)\n{\n\treturn 0;\n}\n", "f"),
        ("static const u16\n(*f(struct x *y, bool z))[4]\n{\n\treturn 0;\n}\n", "f"),
        ("int (f)(int x)\n{\n\treturn 0;\n}\n", "f"),
        ("static typeof(x) f(int y)\n{\n}\n", "f"),
        ("struct foo { int a; } f(void)\n{\n}\n", "f"),
        ("EXPORT_SYMBOL_GPL(g)\nint f(void)\n{\n}\n", "f"),
        ("static LIST_HEAD(heads)\n\nvoid f(void)\n{\n}\n", "f"),
        ("SYSCALL_DEFINE3(open, const char __user *, f, int, a, int, b)\n{\n}\n", "sys_open"),
        ("COMPAT_SYSCALL_DEFINE1(f, int, a)\n{\n}\n", "compat_sys_f"),
        ("DEFINE_IDTENTRY(f)\n{\n}\n", "f"),
        ("int f(void) { char c = '}'; puts(\"}{\"); return c; }", "f"),
        ("int f(void)\r\n{\r\n\treturn 1;\r\n}\r\n", "f"),
        ("\fint f(void)\n\t{\n\tg();\n\t}\n", "f"),
        ('extern "C" {\nint f(void) { return 1; }\n}\n', "f"),
    ],
)
def test_function_names(text: str, name: str) -> None:
    source = items_of(text)
    assert names(source, ItemKind.FUNCTION) == [name]
    item = source.find(name, ItemKind.FUNCTION)[0]
    assert piece(source, item).rstrip().endswith("}")
    assert source.data[item.name_at :].decode().startswith(name.removeprefix("compat_").removeprefix("sys_"))


def test_indented_ends_do_not_swallow_the_next_function() -> None:
    text = "int f(void)\n{\n\tif (x)\n\t\t{\n\t\ty();\n\t\t}\n\t}\n\nint g(void)\n{\n\treturn 1;\n}\n"
    assert names(items_of(text), ItemKind.FUNCTION) == ["f", "g"]


def test_neither_do_indented_bodies() -> None:
    text = "int f(void)\n  {\n    y();\n  }\n\nint g(void)\n  {\n  }\n\nint h[] = {\n 1,\n};\n"
    source = items_of(text)
    assert names(source, ItemKind.FUNCTION) == ["f", "g"]
    assert names(source, ItemKind.VARIABLE) == ["h"]


def test_an_initialiser_that_ends_on_its_line_does_not_either() -> None:
    text = "DEFINE_PER_CPU(struct s, v) = {{{0}}};\n\nint f(void)\n{\n\treturn 1;\n}\n"
    source = items_of(text)
    assert names(source, ItemKind.FUNCTION) == ["f"]
    assert names(source, ItemKind.VARIABLE) == ["v"]


def test_kinds() -> None:
    source = items_of(
        """\
#define LIMIT 3
#define twice(x) \\
	((x) * 2)
struct point { int x; struct inner { int z; } in; union { int u; }; };
enum colour { RED, GREEN };
typedef struct { int a; } thing_t;
typedef int (*handler_t)(struct point *, int);
static struct point origin = { .x = 1 }, *other, table[3];
static int (*callback)(int);
extern int proto(int a, char *b) __must_check;
static DEFINE_MUTEX(lock);
LIST_HEAD(heads);
static DEFINE_PER_CPU(struct point, counts);
DEFINE_GUARD(thing, struct thing *, thing_lock(_T), thing_unlock(_T))
DEFINE_FREE(drop, void *, if (_T) drop(_T))
MODULE_LICENSE("GPL");
module_init(start);
int f(void) { return 0; }
"""
    )
    assert names(source, ItemKind.MACRO) == ["LIMIT", "twice"]
    assert names(source, ItemKind.RECORD) == ["point", "inner", ""]
    assert names(source, ItemKind.ENUM) == ["colour"]
    assert names(source, ItemKind.TYPEDEF) == ["thing_t", "handler_t"]
    assert names(source, ItemKind.VARIABLE) == [
        "origin", "other", "table", "callback", "lock", "heads", "counts",
    ]  # fmt: skip
    assert names(source, ItemKind.PROTOTYPE) == ["proto"]
    assert names(source, ItemKind.GUARD) == ["thing", "drop"]
    assert names(source, ItemKind.OTHER) == ["MODULE_LICENSE", "module_init"]
    assert names(source, ItemKind.FUNCTION) == ["f"]
    statics = {item.name for item in source.items if item.static}
    assert statics == {"origin", "other", "table", "callback", "lock", "counts"}
    macro = source.find("twice")[0]
    assert piece(source, macro) == "#define twice(x) \\\n\t((x) * 2)"


def test_conditional_items_are_kept_and_marked() -> None:
    source = items_of(
        "#ifdef CONFIG_A\nint f(void) { return 1; }\n"
        "#else\nint f(void) { return 2; }\nint g(void) { }\n#endif\n"
        "#if 0\n#ifdef CONFIG_A\nint h(void) { }\n#else\nint i(void) { }\n#endif\n#endif\n"
    )
    found = source.find("f", ItemKind.FUNCTION)
    assert [item.active for item in found] == [True, False]
    assert "return 1" in piece(source, found[0])
    assert b"return 2" in source.text
    assert [(item.name, item.active) for item in source.items if item.name in "ghi"] == [
        ("g", False), ("h", False), ("i", False),
    ]  # fmt: skip


def test_arms_inside_a_function_are_decided() -> None:
    source = items_of(
        "int f(void)\n{\n#ifdef CONFIG_B\n\tb();\n#elif defined(CONFIG_A)\n\ta();\n#else\n\tc();\n#endif\n}\n"
    )
    item = source.find("f")[0]
    text = source.text[item.start : item.end]
    assert b"a();" in text
    assert b"b();" not in text
    assert b"c();" not in text


@pytest.mark.parametrize("which", ["A", "B"])
def test_arms_that_do_not_nest(which: str) -> None:
    source = items_of(
        f"#ifdef CONFIG_{which}\nint f(int a)\n{{\n\tif (a) {{\n#else\nint f(long a)\n{{\n\t{{\n#endif\n"
        "\t\tx();\n\t}\n}\nint g(void) { return 0; }\n"
    )
    assert names(source, ItemKind.FUNCTION) == ["f", "g"]
    text = source.text[source.items[0].start : source.items[0].end]
    assert (b"int a" in text) == (which == "A")


def test_definitions_answer_later_conditions() -> None:
    source = items_of(
        "#define HAVE\n#ifdef HAVE\nint f(void) { }\n#endif\n"
        "#undef HAVE\n#ifndef HAVE\nint g(void) { }\n#endif\n"
    )
    assert [item.active for item in source.items if item.kind is ItemKind.FUNCTION] == [True, True]


def test_assembly_arms_hold_no_items() -> None:
    source = items_of("#ifdef __ASSEMBLY__\n.macro m x\n\tfoo (x) {\n.endm\n#else\nint f(void);\n#endif\n")
    assert [item.name for item in source.items] == ["f"]


def test_a_comment_does_not_end_a_directive() -> None:
    source = items_of("#define A 1 /* one\n two */ + 2\nint x;\n")
    assert piece(source, source.find("A")[0]).endswith("+ 2")
    assert names(source, ItemKind.VARIABLE) == ["x"]


def test_items_swallow_no_neighbour_when_braces_do_not_balance() -> None:
    source = items_of("int f(void)\n{\n\tif (a) {\n}\n\nint g(void)\n{\n\treturn 1;\n}\n")
    assert "f" in names(source, ItemKind.FUNCTION)


def test_positions_count_characters() -> None:
    source = items_of("/* äöü */ int f(void) { }\nint g(void) { }\n")
    assert source.position(source.find("f")[0].name_at) == (1, 15)
    assert source.position(source.find("g")[0].name_at) == (2, 5)


WORDS = """#if 0|#ifdef CONFIG_A|#else|#elif X|#endif|#define M(a) a|{|}|(|)|;|=|,|int|struct|x|f|"|'|/*|*/|//
static|[|]|*|typedef|DEFINE_MUTEX|SYSCALL_DEFINE1|enum|\u00e4|do|extern|:|1|DEFINE_FREE|union|\\|if"""
TOKENS = st.lists(
    st.sampled_from(["\n", "\n", "\r\n", "\f", "\\\n", *re.split(r"[|\n]", WORDS)]), max_size=60
).map(lambda words: " ".join(words).encode())


def check_laws(data: bytes) -> None:
    source = split("x.c", data, FakeConfig())
    assert len(source.text) == len(data)
    assert [at for at, c in enumerate(source.text) if c == 10] == [at for at, c in enumerate(data) if c == 10]
    starts = [item.start for item in source.items]
    assert starts == sorted(starts)
    for item in source.items:
        assert 0 <= item.start <= item.name_at < item.end <= len(data)
        line, column = source.position(item.start)
        assert line >= 1
        assert column >= 1


@given(st.binary(max_size=300))
@example(b"#")
@example(b"/*")
@example(b'"\\')
@example(b"f(")
@example(b"#if\n#else\n#else\n#endif\n#endif")
def test_any_bytes(data: bytes) -> None:
    check_laws(data)


@given(TOKENS)
@example(b"( ) ;")
def test_any_tokens(data: bytes) -> None:
    check_laws(data)


@given(st.binary(max_size=300))
def test_comments_go_and_nothing_else(data: bytes) -> None:
    clean = strip_comments(data)
    assert len(clean) == len(data)
    if b"/" not in data:
        assert clean == data
