"""The kernel's dialect, trap by trap: each must parse without error, and what was changed is marked."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import tree_sitter
from hypothesis import given
from hypothesis import strategies as st

from gfplint.frontend.dialect import Shape
from gfplint.frontend.marks import MarkKind
from gfplint.frontend.parse import FragmentKind, Parsed, parse_fragment, parse_item
from gfplint.frontend.source import ItemKind, split


class FakeConfig:
    """Every option is on."""

    def enabled(self, name: str) -> bool:
        return True

    def decide(self, directive: str, defined: Callable[[str], bool | None]) -> bool:
        return directive != "if 0"


class FakeShapes:
    """Shapes from a dictionary."""

    def __init__(self, **shapes: Shape) -> None:
        self.shapes = shapes

    def shape(self, name: str, path: str) -> Shape | None:
        return self.shapes.get(name)


NOTHING = FakeShapes()


def parsed(text: str, kind: ItemKind = ItemKind.FUNCTION, shapes: FakeShapes = NOTHING) -> Parsed:
    source = split("x.c", text.encode(), FakeConfig())
    item = next(item for item in source.items if item.kind is kind)
    result = parse_item(source, item, shapes)
    assert len(result.text) == len(result.original)
    assert result.base == item.start
    return result


def body(text: str, shapes: FakeShapes = NOTHING) -> Parsed:
    return parsed("int f(struct x *p)\n{\n\t" + text + "\n}\n", shapes=shapes)


def nodes(result: Parsed, kind: str) -> list[tree_sitter.Node]:
    found = []
    stack = [result.root]
    while stack:
        node = stack.pop()
        if node.type == kind:
            found.append(node)
        stack.extend(reversed(node.children))
    return found


def called(result: Parsed) -> list[str]:
    """Names of the functions that are called, in order."""
    names = []
    for node in nodes(result, "call_expression"):
        function = node.child_by_field_name("function")
        assert function is not None
        names.append(result.text[function.start_byte : function.end_byte].decode())
    return names


def marked(result: Parsed, kind: MarkKind) -> list[tuple[str, str]]:
    return [(mark.name, mark.text) for _, mark in sorted(result.marks.items()) if mark.kind is kind]


BODIES = [
    # attributes
    "struct page *page __free(kfree) = get();",
    "char __user *a = (char __user *)b; int __maybe_unused c; static int d __read_mostly = 1;",
    "int x __attribute__((aligned(8))), y __aligned(16);",
    "__label__ here, there; here: a(); there: b();",
    "const void __strange *q = p;",
    # loops
    "list_for_each_entry(a, &p->list, node) {\n\t\tg(a);\n\t}",
    "for_each_thing(a)\n\t\tg(a);",
    "for_each_thing(a)\n\t\t*a++ = 1;",
    "if (p)\n\t\tfor_each_thing(a)\n\t\t\tg(a);\n\telse\n\t\tfor_each_other(b) { }",
    "for_each_cpu_and_more() g();",
    "scoped_guard(mutex, &p->lock) {\n\t\tg();\n\t}",
    "scoped_guard(rcu)\n\t\tg();",
    "scoped_cond_guard(mutex_intr, return -EINTR, &p->lock) {\n\t\tg();\n\t}",
    "do_each_thread(a, b) {\n\t\tg(a);\n\t} while_each_thread(a, b);",
    "do {\n\t\tg(a);\n\t} while_each_thread(a, b);",
    "for_each_typed(struct foo *, a, p) { g(a); }",
    # statements
    "BUILD_THING(a)\n\tg();",
    "TRACE_ME(a)\n}\n\nint g(void)\n{",
    "switch (a) {\n\tN(UP)\tN(DOWN)\n\tN(LEFT)\n\t}",
    "DO_FIRST\n\tif (a)\n\t\tg();",
    "static DEFINE_RATELIMIT_STATE(rs, HZ, 10);\n\tg();",
    "DECLARE_BITMAP(map, 64) = { 0 };\n\tLIST_HEAD(list), *pos;\n\tDEFINE_WAIT(wait);",
    "guard(mutex)(&p->lock);\n\tg();",
    "switch (a) {\n\tcase 1 ... 3:\n\tcase 'a' ... 'z':\n\t\tfallthrough;\n\tdefault:\n\t\tbreak;\n\t}",
    "goto *table[a];\n\tlab: g();",
    "static const void *table[] = { &&one, &&two };\none: two: return 1;",
    # assembly
    'asm volatile("1: nop" : "=r" (a) : [b] "r" (b), "m" (*p) : "memory", "cc");',
    'asm goto("1: nop" : : "i" (k) : : out);\nout:\n\treturn 1;',
    'register long r asm("r0") = 1; __asm__ __volatile__ ("" ::: "memory");',
    'alternative_thing(nop, "=&a" (r), "S" (v) : "ecx", "memory");',
    # types where C wants expressions
    "a = container_of(p, struct x, list);",
    "a = min_t(unsigned long, b, c) + va_arg(ap, struct x *) + va_arg(ap, u32 *);",
    "typeof(*p) q = *p; __typeof__(a + b) c = (typeof(c))(a);",
    "typeof_member(struct ops, open) open;",
    "BUILD_TYPE(struct foo, 4) list;",
    "a = offsetof(struct x, y.z[2]) + __builtin_offsetof(struct x, y) + __alignof__(p->a[0]);",
    "a = _Generic(b, int: 1, default: 2);",
    # macro arguments that are no expressions
    "ASSERTCMP(a, ==, b); CMP(a, <, b); TEST(64, add, +=, one);",
    "wait_cmd(a, , b); call(a, );",
    "IO_COND(addr, return pio(port), return readq(addr));",
    "CMPXCHG_LOOP(\n\t\tnew.count++;\n\t\tif (old.count < 0)\n\t\t\treturn 0;\n\t,\n\t\treturn 1;\n\t);",
    "config = CONF(.event=0xc0, .inv=1);",
    "DEBUG(if (a) printk(b));",
    "if time_after(a, b + HZ) {\n\t\tg();\n\t}",
    "DO_FIRST\n}\n\nint g(void)\n{",
    "add_mode(ks, supported, 10baseT_Half); a = 10UL + 0x1fULL;",
    'CHECK(!a, "no", return a;); CHECK(!b, "no", return b;);',
    'fputs("\\n\\\n#undef X\\n\\\n", f);',
    # strings
    'printk(KERN_INFO "x" PRIx64 "y"); printk(KERN_ERR KBUILD_MODNAME ": z\\n");',
    'g("%x %" __stringify(MAX) "s %x", a); printk(KERN_DEBUG pr_fmt("%pV"), &b);',
    'char s[] = "{ /* not a comment */ for_each(x) {";',
    # ordinary but rare C
    "a = b ?: c; d = ({ int z = 1; z; }); e = (struct y){ .a.b = 1, [1 ... 4] = 2 };",
    "int inner(int x) { return x; }\n\treturn inner(1);",
    "u32 t = (a >= 16 KB) + 1;",
    "struct { u32 a : 8, : 4, b : 20; } bits;",
    "if (a) ; else { }\n\tout: ;",
    "if (a)\r\n\t\tg();\r\n\tfor_each_thing(a)\r\n\t\tg(a);\r",
]


@pytest.mark.parametrize("text", BODIES)
def test_statements_parse(text: str) -> None:
    result = body(text)
    assert result.errors == 0, result.text.decode()
    assert not nodes(result, "ERROR")


@pytest.mark.parametrize(
    "text",
    [
        "static noinline_for_stack int __init __odd f(void) __acquires(lock) __must_hold(&b)\n{\n\tg();\n}\n",
        "static STRANGE struct x *f(int a __unused, const char __user *b)\n{\n\tg();\n}\n",
        "static __be32 __must_check f(void)\n{\n\tg();\n}\n",
        "static u32 __attribute__((pure))\n\tf(u32 crc, unsigned char const *p)\n{\n\tg();\n}\n",
        "static f(void)\n{\n\tg();\n}\n",
        "SYSCALL_DEFINE3(open, const char __user *, f, int, a, umode_t, b)\n{\n\tg();\n}\n",
        "SYSCALL_DEFINE0(f)\n{\n\tg();\n}\n",
        "DEFINE_IDTENTRY(f)\n{\n\tg();\n}\n",
        "DEFINE_HANDLER(f, struct pt_regs *regs)\n{\n\tg();\n}\n",
        "int f(a, b)\n\tint a;\n\tchar *b;\n{\n\tg();\n}\n",
        "void *f(const void * const POS p, size_t n)\n{\n\tg();\n}\n",
    ],
)
def test_headers_parse(text: str) -> None:
    result = parsed(text)
    assert result.errors == 0, result.text.decode()
    assert [node.type for node in result.root.named_children] == ["function_definition"]
    assert called(result) == ["g"]


def test_a_return_behind_a_macro_with_statements_stays() -> None:
    result = body('DEBUG(printk("x", a);)\n\n\treturn a;')
    assert result.errors == 0
    assert len(nodes(result, "return_statement")) == 1
    assert called(result) == ["DEBUG"]


def test_syscall_parameters_become_parameters() -> None:
    result = parsed("SYSCALL_DEFINE3(open, const char __user *, name, int, flags, umode_t, mode)\n{\n}\n")
    parameters = nodes(result, "parameter_declaration")
    names = [result.text[node.end_byte - 4 : node.end_byte].decode().strip() for node in parameters]
    assert names == ["name", "lags", "mode"]
    assert marked(result, MarkKind.DECLARATION)[0][0] == "SYSCALL_DEFINE3"


def test_loops_become_while_with_their_body_inside() -> None:
    result = body("list_for_each_entry(a, &p->list, node)\n\t\tg(a);\n\th();")
    (loop,) = nodes(result, "while_statement")
    inside = loop.child_by_field_name("body")
    assert inside is not None
    assert result.text[inside.start_byte : inside.end_byte] == b"g(a);"
    assert loop.start_byte in result.marks
    assert result.marks[loop.start_byte].name == "list_for_each_entry"
    assert called(result) == ["g", "h"]


def test_the_program_knows_shapes_that_names_do_not_tell() -> None:
    text = "walk_all(a)\n\tg(a);"
    assert nodes(body(text), "while_statement") == []
    assert called(body(text)) == ["walk_all", "g"]
    assert len(nodes(body(text, FakeShapes(walk_all=Shape.LOOP)), "while_statement")) == 1


def test_a_statement_macro_stays_a_call() -> None:
    assert called(body("BUILD_THING(a)\n\tg();")) == ["BUILD_THING", "g"]


def test_a_continued_expression_is_no_loop() -> None:
    result = body("a = b +\n\t\tif_more(c)\n\t\t* d;\n\tg();")
    assert nodes(result, "while_statement") == []
    assert result.errors == 0


def test_types_keep_their_text_in_marks() -> None:
    result = body("a = container_of(p, struct x, list); typeof(*p) q;")
    assert marked(result, MarkKind.TYPE) == [("type", "struct x"), ("typeof", "typeof(*p)")]
    assert marked(body("b __free(kfree) = 1;"), MarkKind.ATTRIBUTE) == [("__free", "__free(kfree)")]


def test_case_ranges_are_marked_at_the_operator() -> None:
    result = body("switch (a) {\n\tcase 1 ... 3:\n\t\tg();\n\t}")
    (operator,) = [start for start, mark in result.marks.items() if mark.kind is MarkKind.RANGE]
    (value,) = nodes(result, "binary_expression")
    sign = value.child_by_field_name("operator")
    assert sign is not None
    assert sign.start_byte == operator


def test_casts_and_parameter_lists_are_left_alone() -> None:
    result = body("int (*fn)(struct x *, int) = (int (*)(struct x *, int))p; q = (struct x *)p;")
    assert result.errors == 0
    assert len(nodes(result, "cast_expression")) == 2
    assert not result.marks


@pytest.mark.parametrize(
    "words", ["__visible int x", r"__section(\".data\") = {", "asm(x", "asm volatile(x)", "typeof(abc) x"]
)
def test_words_in_strings_are_no_dialect(words: str) -> None:
    result = body(f'emit("{words}\\n");')
    assert result.errors == 0
    assert f'"{words}\\n"' in result.text.decode()


def test_names_like_attributes_survive_as_members() -> None:
    result = body("p->__packed = 1; q.__init = 2;")
    assert [result.text[node.start_byte : node.end_byte] for node in nodes(result, "field_identifier")] == [
        b"__packed", b"__init",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("static DEFINE_MUTEX(lock);", ItemKind.VARIABLE),
        ("define_machine(board) {\n\t.probe = probe,\n\t.name = NAME,\n};", ItemKind.VARIABLE),
        ("static DEFINE_PER_CPU(struct x *[4], v) = { 0 };", ItemKind.VARIABLE),
        ("__visible DEFINE_PER_CPU_ALIGNED(struct x, v) = { .a = 1 };", ItemKind.VARIABLE),
        ("static const struct x v[] = { { C(struct y, 1) }, ENTRY(a), [B] = 2 };", ItemKind.VARIABLE),
        ("static struct x v __read_mostly = { .f = do_it, };", ItemKind.VARIABLE),
        ("struct x { DECLARE_BITMAP(m, 64); struct_group(g, int a; int b;); u8 c[]; };", ItemKind.RECORD),
        ("struct x { DECLARE_FLEX_ARRAY(struct y, list); DECLARE_HASHTABLE(t, 4); };", ItemKind.RECORD),
        ("asmlinkage notrace struct x *f(struct y *z);", ItemKind.PROTOTYPE),
        ("extern int f(const char *, ...) __printf(1, 2);", ItemKind.PROTOTYPE),
        ("typedef struct { int __bitwise a; } __packed x_t;", ItemKind.TYPEDEF),
        ("enum x { A = 1, B = BIT(2), C };", ItemKind.ENUM),
    ],
)  # fmt: skip
def test_declarations_parse(text: str, kind: ItemKind) -> None:
    result = parsed(text + "\n", kind)
    assert result.errors == 0, result.text.decode()


def test_members_that_macros_declare_are_fields() -> None:
    result = parsed(
        "struct x { DECLARE_BITMAP(map, 64); struct_group(g, int a; int b;); };\n", ItemKind.RECORD
    )
    fields = [result.text[node.start_byte : node.end_byte] for node in nodes(result, "field_identifier")]
    assert fields == [b"map", b"a", b"b"]


def test_a_record_inside_a_record_parses_alone() -> None:
    source = split("x.c", b"struct a { struct b { int c; } d; };\n", FakeConfig())
    inner = source.find("b")[0]
    assert parse_item(source, inner, NOTHING).errors == 0


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("g(a); for_each_x(b) h(b);", "statements", "compound_statement"),
        ("do { lock(a); } while (0)", "statements", "compound_statement"),
        ("(a) & b", "expression", "binary_expression"),
        ("({ g(); a; })", "expression", "compound_statement"),
        ("f(a), b", "expression", "comma_expression"),
        ("struct x *", "type", "type_descriptor"),
        ("int (*)(void)", "type", "type_descriptor"),
        ("static int x = 1;", "declaration", "translation_unit"),
    ],
)
def test_fragments(text: str, kind: FragmentKind, expected: str) -> None:
    result = parse_fragment(text.encode(), kind, NOTHING, "x.h")
    assert result.errors == 0
    node = result.root
    if node.type == "parenthesized_expression" and node.named_child(0) is not None:
        node = node.named_children[0]
    assert node.type == expected


WORDS = """for_each_x(a)|{|}|;|g(a)|list_for_each(struct x, b)|typeof(c)|asm volatile("x" : : "r"(y))
__init|__free(k)|case 1 ... 3:|goto *x;|(|)|,|==|container_of(p, struct q, r)|if (a)|else|do|while_each_x(a);
do_each_x(a)|static DEFINE_X(a)|static int f(void)|struct x|enum|SYSCALL_DEFINE2(a, int, b)|DECLARE_X(int, x)|
KERN_ERR "s"|"|'|offsetof(a, b.c)|int|*|=|FOO|\u00e4|.x = 1|]|[|N(A)"""
PIECES = st.lists(
    st.sampled_from(["\n", "\r\n", "\t", "#define a \\\n", *re.split(r"[|\n]", WORDS)]), max_size=25
).map(" ".join)


@given(PIECES, st.sampled_from(["statements", "expression", "type", "declaration"]))
def test_fragments_keep_length_and_lines(text: str, kind: FragmentKind) -> None:
    result = parse_fragment(text.encode(), kind, NOTHING, "x.h")
    assert len(result.text) == len(result.original)
    for ending in b"\r\n":
        assert [at for at, c in enumerate(result.text) if c == ending] == [
            at for at, c in enumerate(result.original) if c == ending
        ]
    for start, mark in result.marks.items():
        assert start == mark.start < mark.end <= len(result.text)
        assert mark.text == result.original[mark.start : mark.end].decode("utf-8", "replace")


@given(st.binary(max_size=120))
def test_fragments_of_any_bytes(data: bytes) -> None:
    result = parse_fragment(data, "statements", NOTHING, "x.h")
    assert len(result.text) == len(result.original)


@given(PIECES)
def test_items_of_any_pieces_parse(text: str) -> None:
    source = split("x.c", text.encode(), FakeConfig())
    for item in source.items:
        if item.kind is not ItemKind.MACRO:
            result = parse_item(source, item, NOTHING)
            assert len(result.text) == len(result.original)
            assert result.text.count(b"\n") == result.original.count(b"\n")
