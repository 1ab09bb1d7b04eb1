"""The printer is stable; the checker finds each kind of broken promise."""

from __future__ import annotations

from gfplint import ir
from gfplint.irprint import check_function, format_expr, format_function, format_type
from tests.lowering import function


def _function(*blocks: ir.Block) -> ir.Function:
    return ir.Function(
        "f", "x.c", 0, 100, 4, False, (), {"a": ir.Basic("int")}, ir.Basic("int"), list(blocks)
    )


def test_a_function_prints_as_expected() -> None:
    text = "static int f(struct s *p, gfp_t gfp)\n{\n\tstatic int n = 3;\n"
    text += "\tif (p && g(p, gfp))\n\t\tp->x |= n;\n\treturn n;\n}\n"
    first = text.index("p && g")
    assert format_function(function(text)) == (
        "static int f(struct s *p, gfp_t gfp)\n"
        "    static int n;\n"
        "        . = 3\n"
        "0:\n"
        f"    if p goto 1 else 3  @{first}\n"
        "1:\n"
        f"    $0 = g(p, gfp)  @{first + 5}\n"
        f"    if $0 goto 2 else 3  @{first + 5}\n"
        "2:\n"
        f"    p->x = p->x | n  @{text.index('p->x')}\n"
        "    goto 3\n"
        "3:\n"
        f"    return n  @{text.index('return')}\n"
    )


def test_expressions_are_bracketed_as_c_needs_it() -> None:
    a, b = ir.Local("a"), ir.Local("b")
    total = ir.Binary("+", a, b)
    assert format_expr(ir.Binary("*", total, ir.Const(2))) == "(a + b) * 2"
    assert format_expr(ir.Binary("-", a, ir.Binary("-", b, a))) == "a - (b - a)"
    assert (
        format_expr(ir.Field(ir.Deref(ir.Cast(ir.Pointer(ir.Record("struct", "s")), a)), "x"))
        == "((struct s *)a)->x"
    )
    assert format_expr(ir.Unary("!", ir.Select(a, b, a))) == "!(a ? b : a)"
    assert format_expr(ir.Deref(ir.Index(a, b))) == "*a[b]"


def test_types_are_written_as_declarators() -> None:
    pointer = ir.Pointer(ir.FunctionType(ir.Basic("void"), (ir.Basic("int"),)))
    assert format_type(ir.Array(pointer), "x") == "void (*x[])(int)"
    assert format_type(ir.Pointer(ir.Array(ir.Named("u8"))), "x") == "u8 (*x)[]"


def test_each_broken_promise_is_named() -> None:
    end = ir.Return(None, 1)
    assert check_function(_function()) == ["f has no blocks."]
    assert "which does not exist" in check_function(_function(ir.Block([], ir.Jump(3))))[0]
    assert "cannot be reached" in check_function(_function(ir.Block([], end), ir.Block([], end)))[0]
    unset = ir.Assign(ir.Local("a"), ir.Temp(0), 5)
    assert "before it has a value" in check_function(_function(ir.Block([unset], end)))[0]
    foreign = ir.Assign(ir.Local("zz"), ir.Const(0), 5)
    assert "not declared" in check_function(_function(ir.Block([foreign], end)))[0]
    outside = ir.Assign(ir.Local("a"), ir.Const(0), 500)
    assert "is outside" in check_function(_function(ir.Block([outside], end)))[0]
    constant = ir.Assign(ir.Const(1), ir.Const(0), 5)
    assert "assigns to 1" in check_function(_function(ir.Block([constant], end)))[0]


def test_a_temporary_set_on_one_way_only_is_found() -> None:
    blocks = (
        ir.Block([], ir.Branch(ir.Local("a"), 1, 2, 0)),
        ir.Block([ir.Assign(ir.Temp(0), ir.Const(1), 0)], ir.Jump(2)),
        ir.Block([], ir.Return(ir.Temp(0), 0)),
    )
    assert check_function(_function(*blocks)) == ["Block 2 uses $0 before it has a value."]
