"""Statements and expressions become the blocks and values that C means."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfplint import ir
from gfplint.frontend.lower import (
    lower_enum,
    lower_prototype,
    lower_record,
    lower_typedef,
)
from gfplint.frontend.source import ItemKind
from gfplint.irprint import check_function, format_type
from tests.lowering import body, calls, function, read, traces, variable


def test_short_circuit_keeps_the_call_out_of_the_way_where_it_is_not_made() -> None:
    assert traces(function("void f(int a) { if (a && g()) h(); }")) == {(), ("g",), ("g", "h")}
    assert traces(function("void f(int a) { if (a || g()) h(); }")) == {("h",), ("g",), ("g", "h")}
    assert traces(function("void f(int a) { if (!(a && g())) h(); }")) == {("h",), ("g",), ("g", "h")}


def test_conditions_without_calls_stay_one_expression() -> None:
    assert body("void f(int a, int b) { if (a && !b) h(); }")[1] == "if a && !b goto 1 else 2"
    assert body("void f(int *p) { if (p == NULL) h(); }")[1] == "if p == 0 goto 1 else 2"
    assert body("void f(int *p) { if (!p) h(); }")[1] == "if p goto 2 else 1"


def test_an_assignment_in_a_condition_comes_before_its_test() -> None:
    assert body("int f(void) { int r; if ((r = g()) < 0) return r; return 0; }")[:5] == [
        "0:",
        "$0 = g()",
        "r = $0",
        "if r < 0 goto 1 else 2",
        "1:",
    ]


def test_value_chosen_by_calls_and_value_chosen_without() -> None:
    assert body("int f(int a) { return a ? 1 : 2; }") == ["0:", "return a ? 1 : 2"]
    assert traces(function("int f(int a) { return a ? g() : h(); }")) == {("g",), ("h",)}
    assert traces(function("int f(int a) { return g() ?: h(); }")) == {("g",), ("g", "h")}
    assert traces(function("int f(int a) { return a && g() && h(); }")) == {(), ("g",), ("g", "h")}


def test_a_cast_of_a_cast_is_no_call() -> None:
    assert body("u64 f(u64 x) { return (__u64)(__le64)(x); }") == ["0:", "return (__u64)(__le64)x"]
    assert traces(function("u64 f(u64 x) { return (u16)(u64)(g(x)); }")) == {("g",)}
    assert "return (get)(how)x" not in body("int f(int x) { return (get)(how)(x); }")


def test_a_macro_in_spite_of_a_number_of_its_name() -> None:
    text = "#define size(x) measure(x)\n"
    assert traces(function(text + "int f(int *p) { int size = size(p); return size; }")) == {("measure",)}
    with_pointer = "int f(int (*size)(int *), int *p) { return size(p); }"
    assert traces(function(text + with_pointer)) != {("measure",)}


def test_a_function_chosen_by_an_expression() -> None:
    assert traces(function("void f(int a) { (a ? g : h)(1); k(); }")) == {("g", "k"), ("h", "k")}
    assert traces(function("int f(int a) { return (*(a ? g : &h))(g()); }")) == {("g", "g"), ("g", "h")}
    assert traces(function("int f(int a, int b) { return (a ? g : b ? h : k)(); }")) == {
        ("g",),
        ("h",),
        ("k",),
    }
    assert traces(function("void f(struct s *p) { (1 ? g : p->h)(p); }")) == {("g",)}


def test_a_function_in_parentheses_is_no_cast_and_no_macro() -> None:
    known = "int g(int x) { return x; }\n#define h(x) k(x)\n"
    assert traces(function(known + "int f(int a) { return (g)(a); }")) == {("g",)}
    assert traces(function(known + "int f(int a) { return (h)(a); }")) == {("h",)}
    assert body("int f(int a) { return (t)(a); }") == ["0:", "return (t)a"]


def test_calls_nest_from_the_inside() -> None:
    assert [line for line in body("int f(void) { return a(b(c()), d()); }") if "=" in line] == [
        "$0 = c()",
        "$1 = b($0)",
        "$2 = d()",
        "$3 = a($1, $2)",
    ]


def test_increments_give_the_old_or_the_new_value() -> None:
    assert body("void f(int i) { g(i++); g(++i); i += 2; i--; }")[1:-1] == [
        "$0 = i",
        "i = i + 1",
        "$1 = g($0)",
        "i = i + 1",
        "$2 = g(i)",
        "i = i + 2",
        "i = i - 1",
    ]


def test_loops() -> None:
    assert traces(function("void f(int n) { while (g()) h(); k(); }")) == {("g", "k")}
    assert body("void f(int n) { for (int i = 0; i < n; i++) { if (g()) continue; if (h()) break; } }") == [
        "0:", "i = 0", "goto 1",
        "1:", "if i < n goto 2 else 5",
        "2:", "$0 = g()", "if $0 goto 4 else 3",
        "3:", "$1 = h()", "if $1 goto 5 else 4",
        "4:", "i = i + 1", "goto 1",
        "5:", "return",
    ]  # fmt: skip
    assert body("void f(void) { do { g(); } while (0); h(); }")[1:] == ["$0 = g()", "$1 = h()", "return"]
    assert body("void f(void) { for (;;) ; }") == ["0:", "goto 0"]
    assert body("void f(void) { g(); for (;;) ; }") == ["0:", "$0 = g()", "goto 1", "1:", "goto 1"]


def test_switch_falls_through_and_knows_ranges() -> None:
    lines = body("void f(int a) { switch (a) { case 1: g(); case 2 ... 4: h(); break; default: k(); } l(); }")
    assert lines[1] == "switch a {1: 1, 2 ... 4: 2, default: 3}"
    found = traces(
        function("void f(int a) { switch (a) { case 1: g(); case 2: h(); break; case X: k(); } l(); }")
    )
    assert found == {("g", "h", "l"), ("h", "l"), ("k", "l"), ("l",)}


def test_goto_into_cleanup_code() -> None:
    text = "int f(void) { if (a()) goto err; b(); return 0; err: c(); return 1; }"
    assert traces(function(text)) == {("a", "b"), ("a", "c")}


def test_code_behind_a_return_is_gone_unless_a_label_leads_there() -> None:
    assert traces(function("int f(int x) { if (x) goto out; return g(); h(); out: return k(); }")) == {
        ("g",),
        ("k",),
    }


def test_statement_expressions_are_scopes_with_a_value() -> None:
    assert body("int f(int x) { return ({ int x = g(); x + 1; }) + x; }") == [
        "0:",
        "$0 = g()",
        "x@2 = $0",
        "return x@2 + 1 + x",
    ]


def test_shadowing_locals_get_names_of_their_own() -> None:
    lowered = function("void f(int x) { { long x = 1; g(x); } g(x); }")
    assert [format_type(type_) for type_ in lowered.types.values()] == ["int", "long"]
    assert [call.args for call in calls(lowered)] == [(ir.Local("x@2"),), (ir.Local("x"),)]


def test_aggregates_become_assignments_to_fields() -> None:
    text = "void f(struct s *p) { struct s x = { .a = 1, .b.c = g(), .d = { .e = p } };"
    text += " *p = (struct s){ .a = 2 }; }"
    assert body(text)[1:-1] == [
        "x = 0",
        "x.a = 1",
        "$0 = g()",
        "x.b.c = $0",
        "x.d.e = p",
        "literal@1 = 0",
        "literal@1.a = 2",
        "*p = literal@1",
    ]


def test_static_locals_keep_their_initialisers() -> None:
    lowered = function("void f(void) { static const struct ops o = { .g = h, .t = { 1, 2 } }; use(&o); }")
    assert lowered.statics == {"o"}
    found = [(value.path, value.value) for value in lowered.static_values["o"]]
    assert found == [
        (("g",), ir.Global("h")),
        (("t", "#0"), ir.Const(1)),
        (("t", "#1"), ir.Const(2)),
    ]


def test_calls_through_pointers() -> None:
    found = calls(function("void f(struct s *p, void (*h)(int)) { p->ops->g(p); (*h)(1); h(2); }"))
    assert found[0].function == ir.Field(ir.Deref(ir.Field(ir.Deref(ir.Local("p")), "ops")), "g")
    assert [call.function for call in found[1:]] == [ir.Local("h"), ir.Local("h")]


def test_casts_that_look_like_calls_and_products() -> None:
    assert body("int f(int x, int y) { return (u32)(x) + y; }") == ["0:", "return (u32)x + y"]
    assert body("int f(int x, int *p) { return 1 + (u32)*p; }") == ["0:", "return 1 + (u32)*p"]
    assert body("int f(int x, int *p) { return (gfp_t)-1; }") == ["0:", "return (gfp_t)-1"]
    assert body("int f(int x, int y) { return (x) - y; }") == ["0:", "return x - y"]


def test_containers_types_and_members() -> None:
    lowered = function("void f(struct n *n) { g(container_of(n, struct outer, in.nb)); }")
    [call] = calls(lowered)
    assert call.args == (ir.Container(ir.Local("n"), ir.Record("struct", "outer"), "in.nb"),)


def test_constants_are_exact() -> None:
    lowered = function(
        "void f(void) { g(-1, 0x80000000u, 'a', '\\n', 010, 18446744073709551615ULL, NULL, true); }"
    )
    values = [arg.value for arg in calls(lowered)[0].args if isinstance(arg, ir.Const)]
    assert values == [-1, 0x80000000, 97, 10, 8, 2**64 - 1, 0, 1]


def test_configuration_decides_branches() -> None:
    assert traces(function("void f(void) { if (IS_ENABLED(CONFIG_OFF)) g(); else h(); }")) == {("h",)}
    assert traces(function("void f(int a) { if (IS_ENABLED(CONFIG_ON) && a) g(); }")) == {("g",), ()}


def test_positions_are_those_of_the_source() -> None:
    text = "int f(void)\n{\n\treturn /* é */ g(h());\n}\n"
    lowered = function(text)
    data = text.encode()
    assert [data[call.at : call.at + 2] for call in calls(lowered)] == [b"h(", b"g("]


def test_assembly_makes_its_outputs_unknown() -> None:
    lines = body('int f(int x) { int y = 1; asm volatile("mov" : "=r" (y) : "r" (x)); return y; }')
    assert lines[1:] == ["y = 1", "y = ?", "return y"]


def test_computed_goto_may_go_to_any_label() -> None:
    lowered = function("void f(void *p) { goto *p; a: g(); return; b: h(); }")
    assert traces(lowered) == {("g",), ("h",)}


def test_records_typedefs_enums_prototypes() -> None:
    source, symbols = read(
        "struct s { struct mutex lock; int a, *b[3]; union { int u; struct { long w; }; };\n"
        "  unsigned int bit:3;\n"
        "  int (*fn)(struct s *, gfp_t); };\n"
        "typedef struct { spinlock_t l; } t;\n"
        "enum e { A, B = 4, C, D = X + 1, E };\n"
        "int g(struct s *p, const char *fmt, ...);\n"
    )
    record = lower_record(source, source.find("s", ItemKind.RECORD)[0], symbols)
    assert [(name, format_type(type_, "x")) for name, type_ in record.fields] == [
        ("lock", "struct mutex x"),
        ("a", "int x"),
        ("b", "int *x[]"),
        ("", "union { int u; struct { long w; }; } x"),
        ("bit", "unsigned int x"),
        ("fn", "int (*x)(struct s *, gfp_t)"),
    ]
    typedef = lower_typedef(source, source.find("t", ItemKind.TYPEDEF)[0], symbols)
    assert format_type(typedef) == "struct { spinlock_t l; }"
    enum = lower_enum(source, source.find("e", ItemKind.ENUM)[0], symbols)
    assert [enum["A"], enum["B"], enum["C"]] == [0, 4, 5]
    assert enum["E"] == ir.Binary("+", ir.Global("D"), ir.Const(1))
    name, type_ = lower_prototype(source, source.find("g", ItemKind.PROTOTYPE)[0], symbols)
    assert (name, format_type(type_, name)) == ("g", "int g(struct s *, char *)")


def test_variables_with_flattened_initialisers() -> None:
    found = variable("static const struct ops v[] = { { .call = g, .sub = { .x = 1 } }, [4] = { 2, h } };")
    assert format_type(found.type) == "struct ops []"
    assert [(value.path, value.value) for value in found.values] == [
        (("[]", "call"), ir.Global("g")),
        (("[]", "sub", "x"), ir.Const(1)),
        (("[]", "#0"), ir.Const(2)),
        (("[]", "#1"), ir.Global("h")),
    ]


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("static DEFINE_MUTEX(v);", "struct mutex"),
        ("DEFINE_SPINLOCK(v);", "spinlock_t"),
        ("static  __cacheline_aligned_in_smp DEFINE_SPINLOCK(v);", "spinlock_t"),
        ("static LIST_HEAD(v);", "struct list_head"),
        ("static DEFINE_PER_CPU(struct foo, v);", "struct foo"),
        ("static BLOCKING_NOTIFIER_HEAD(v);", "struct blocking_notifier_head"),
        ("#define MY_LOCK(n) struct mutex n = INIT(n)\nstatic MY_LOCK(v);", "struct mutex"),
    ],
)
def test_variables_declared_by_macros(text: str, type_: str) -> None:
    assert format_type(variable(text).type) == type_


_EXPRESSION = st.recursive(
    st.sampled_from(["a", "b", "1", "g()", "h(a)", "p->x", "a++", "(a = b)"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||", "+", "==", ","]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        inner.map(lambda text: f"(!{text})"),
        inner.map(lambda text: f"({{ int a = {text}; a; }})"),
    ),
    max_leaves=12,
)
_STATEMENT = st.recursive(
    st.one_of(
        _EXPRESSION.map(lambda text: f"{text};"),
        _EXPRESSION.map(lambda text: f"if (x) return {text};"),
        st.sampled_from(["break;", "continue;", "goto out;", "{ guard(mutex)(&p->m); b = k(); }", ";"]),
    ),
    lambda inner: st.one_of(
        st.tuples(_EXPRESSION, inner).map(lambda t: f"while ({t[0]}) {{ {t[1]} }}"),
        st.tuples(_EXPRESSION, inner, inner).map(lambda t: f"if ({t[0]}) {{ {t[1]} }} else {{ {t[2]} }}"),
        st.tuples(inner, inner).map(lambda t: f"switch (a) {{ case 1: {t[0]} default: {t[1]} }}"),
        st.tuples(inner, inner).map(" ".join),
        inner.map(lambda text: f"scoped_guard(mutex, &p->m) {{ {text} }}"),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(_STATEMENT)
def test_whatever_is_lowered_keeps_the_promises_of_the_ir(statement: str) -> None:
    text = (
        "DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))\n"
        f"int f(int a, int b, int x, struct s *p) {{ for (;;) {{ {statement} }} out: return 0; }}\n"
    )
    lowered = function(text)
    assert check_function(lowered) == []
    for path in traces(lowered):
        # Whatever way is taken, a lock is never left behind.
        assert path.count("mutex_lock") == path.count("mutex_unlock")
