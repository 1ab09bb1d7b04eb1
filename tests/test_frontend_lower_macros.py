"""Macros are expanded where they are used, as text, and calls keep their places."""

from __future__ import annotations

import pytest

from gfplint import ir
from gfplint.frontend.macros import MAX_EXPANSION, arguments, expand, parse_define
from tests.lowering import body, calls, function, traces, variable


def _expanded(define: str, use: str) -> str | None:
    macro = parse_define(define.encode())
    assert macro is not None
    text = use.encode()
    opening = text.find(b"(")
    spans: list[tuple[int, int]] = []
    if opening >= 0:
        found = arguments(text, opening)
        assert found is not None
        spans = found[0]
    result = expand(macro, text, spans)
    return None if result is None else result.text.decode()


@pytest.mark.parametrize(
    ("define", "use", "result"),
    [
        ("#define M(a, b) a + b", "M(1, f(2, 3))", "1 + f(2, 3)"),
        ("#define M(a) #a", 'M(x "y")', r'"x \"y\""'),
        ("#define M(a) x_##a##_y", "M(foo)", "x_foo_y"),
        ("#define M(a, b) a ## b", "M(foo, bar)", "foobar"),
        ("#define M(fmt, ...) p(fmt, ##__VA_ARGS__)", "M(1)", "p(1)"),
        ("#define M(fmt, ...) p(fmt, ##__VA_ARGS__)", "M(1, 2, 3)", "p(1,2, 3)"),
        ("#define M(fmt, args...) p(fmt, args)", "M(1, 2, 3)", "p(1, 2, 3)"),
        ("#define M() g()", "M()", "g()"),
        ("#define M(a) 'a' \"a\" a", "M(z)", "'a' \"a\" z"),
        ("#define M(a, b) \\\n\ta /* c, */ b", "M(1, ')')", "1   ')'"),
        ("#define M (a)", "M", "(a)"),
        ("#define M(a, b) a", "M(1)", None),
    ],
)
def test_substitution(define: str, use: str, result: str | None) -> None:
    assert _expanded(define, use) == result


def test_an_expansion_that_grows_too_long_is_refused() -> None:
    define = "#define M(a) " + "a " * 1000
    assert _expanded(define, "M(" + "x" * (MAX_EXPANSION // 900) + ")") is None


def test_function_like_macros_expand_in_place_and_name_themselves() -> None:
    text = "#define LOCK(x) do { if (x) mutex_lock(&(x)->m); } while (0)\nvoid f(struct s *p) { LOCK(p); }\n"
    lowered = function(text)
    [call] = calls(lowered)
    assert (call.at, call.via) == (text.index("LOCK(p)"), "LOCK")
    assert traces(lowered) == {(), ("mutex_lock",)}


def test_a_call_in_an_argument_keeps_its_own_place() -> None:
    text = "#define CHECK(x) ({ int r = (x); r; })\nvoid f(void) { CHECK(g()); h(); }\n"
    first, second = calls(function(text))
    assert (first.at, first.via) == (text.index("g()"), "")
    assert (second.at, second.via) == (text.index("h()"), "")


def test_nested_macros_name_the_way() -> None:
    text = "#define IN(x) g(x)\n#define OUT(x) do { IN(x); } while (0)\nvoid f(void) { OUT(1); }\n"
    [call] = calls(function(text))
    assert (call.via, call.at) == ("OUT>IN", text.index("OUT(1)"))


def test_a_macro_that_names_itself_is_expanded_once() -> None:
    [call] = calls(function("#define g(x) g(x, 1)\nvoid f(void) { g(2); }"))
    assert call.args == (ir.Const(2), ir.Const(1))


def test_a_macro_inside_its_own_argument_is_expanded_twice() -> None:
    text = "#define twice(x) ({ int y = (x); y + y; })\nint f(void) { return twice(twice(g())); }"
    assert body(text) == ["0:", "$0 = g()", "y@2 = $0", "y = y@2 + y@2", "return y + y"]


def test_models_stay_calls() -> None:
    text = "#define READ_ONCE(x) (*(volatile int *)&(x))\nint f(int a) { return READ_ONCE(a); }"
    assert body(text, ("READ_ONCE",)) == ["0:", "$0 = READ_ONCE(a)", "return $0"]
    assert body("int f(int a) { return UNKNOWN(a); }") == ["0:", "$0 = UNKNOWN(a)", "return $0"]


def test_a_macro_whose_expansion_is_no_c_becomes_a_call() -> None:
    assert body("#define BAD(x) x = = }\nvoid f(int a) { BAD(g(a)); }")[1:] == [
        "$0 = g(a)",
        "$1 = BAD($0)",
        "return",
    ]


def test_object_like_macros() -> None:
    constant = "#define FLAGS (GFP_KERNEL | __GFP_NOWARN)\nvoid f(void) { g(FLAGS); }"
    assert calls(function(constant))[0].args == (ir.Global("FLAGS"),)
    with_call = "#define current get_current()\nvoid f(void) { current->flags |= 8; }"
    assert body(with_call)[1:3] == ["$0 = get_current()", "$0->flags = $0->flags | 8"]
    lvalue = "#define lock_of dev->lock\nvoid f(struct d *dev) { g(&lock_of); }"
    assert body(lvalue)[1] == "$0 = g(&dev->lock)"
    alias = "#define old_name new_name\nvoid f(void) { old_name(1); }"
    assert body(alias)[1] == "$0 = new_name(1)"
    field = "#define sk_state __sk_common.skc_state\nint f(struct sock *sk) { return sk->sk_state; }"
    assert body(field)[1] == "return sk->__sk_common.skc_state"


def test_wrappers_of_container_of() -> None:
    text = "#define to_foo(n) container_of(n, struct foo, nb)\nvoid f(struct n *n) { g(to_foo(n)); }"
    assert body(text)[1] == "$0 = g(container_of(n, struct foo, nb))"


def test_loop_macros_expand_around_their_body() -> None:
    text = (
        "#define each(p, h) for (p = first(h); p; p = next(p))\n"
        "#define each_live(p, h) each(p, h) if (!(p)->live) {} else\n"
        "void f(struct h *h) { struct p *p; each_live(p, h) { if (p->x) break; use(p); } done(); }"
    )
    assert body(text) == [
        "0:", "$0 = first(h)", "p = $0", "goto 1",
        "1:", "if p goto 2 else 6",
        "2:", "if p->live goto 3 else 5",
        "3:", "if p->x goto 6 else 4",
        "4:", "$1 = use(p)", "goto 5",
        "5:", "$2 = next(p)", "p = $2", "goto 1",
        "6:", "$3 = done()", "return",
    ]  # fmt: skip


def test_unknown_loops_run_any_number_of_times() -> None:
    text = "void f(struct h *h) { struct p *p = 0; list_for_each_entry(p, &h->l, n) { use(p); } done(p); }"
    assert body(text) == [
        "0:", "p = 0", "goto 1",
        "1:", "p = ?", "if ? goto 2 else 3",
        "2:", "p = &?", "$0 = use(p)", "goto 1",
        "3:", "$1 = done(p)", "return",
    ]  # fmt: skip


def test_names_made_by_pasting() -> None:
    text = (
        "#define __UNIQUE_ID(p) p\n"
        "#define once(x, u) ({ typeof(x) u = (x); u + u; })\n"
        "#define twice(x) once(x, __UNIQUE_ID(v_))\n"
        "int f(void) { return twice(g()); }"
    )
    lines = body(text)
    assert lines[1] == "$0 = g()"
    assert len([line for line in lines if "g()" in line]) == 1


def test_labels_of_a_macro_are_its_own() -> None:
    text = "#define M(x) do { if (x) goto done; g(); done:; } while (0)\nvoid f(int a) { M(a); M(a); h(); }"
    assert traces(function(text)) == {("h",), ("g", "h"), ("g", "g", "h")}


def test_generic_selection_by_declared_type() -> None:
    text = (
        "#define lock_any(x) _Generic(*(x), struct a: lock_a, struct b: lock_b)(x)\n"
        "void f(struct b *p) { lock_any(p); }"
    )
    assert body(text)[1] == "$0 = lock_b(p)"


def test_macros_in_initialisers() -> None:
    text = (
        "#define CALL(x) x##_call\n#define PAIR(a, b) .first = a, .second = b\n"
        "#define NB(f) { .notifier_call = f }\n"
        "static struct ops v = { .call = CALL(foo), PAIR(g, h), .nb = NB(k) };"
    )
    assert [(value.path, value.value) for value in variable(text).values] == [
        (("call",), ir.Global("foo_call")),
        (("first",), ir.Global("g")),
        (("second",), ir.Global("h")),
        (("nb", "notifier_call"), ir.Global("k")),
    ]
