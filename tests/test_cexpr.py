from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplint import cexpr, ir
from gfplint.errors import ModelError


def test_prototype_keeps_names_and_types() -> None:
    found = cexpr.parse_prototype("void *kmalloc(size_t size, gfp_t flags);")
    assert found.name == "kmalloc"
    assert found.params == (("size", ir.Named("size_t")), ("flags", ir.Named("gfp_t")))
    assert found.returns == ir.Pointer(ir.Basic("void"))
    assert not found.variadic


def test_prototype_of_struct_pointers_function_pointers_and_dots() -> None:
    found = cexpr.parse_prototype(
        "extern int __must_check f(const struct device *dev, int (*fn)(struct device *, void *), ...)"
    )
    callback = ir.FunctionType(
        ir.Basic("int"), (ir.Pointer(ir.Record("struct", "device")), ir.Pointer(ir.Basic("void")))
    )
    assert found.names == ("dev", "fn")
    assert found.params[1][1] == ir.Pointer(callback)
    assert found.variadic


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("void f(void)", ()),
        ("int f(enum x y, spinlock_t *lock, u64 n, __le32 v)", ("y", "lock", "n", "v")),
        ("bool f(mempool_alloc_t *alloc_fn, work_func_t fn)", ("alloc_fn", "fn")),
        ("long max_t(long type, long x, long y)", ("type", "x", "y")),
        ("int f(struct page **pages, const char *const names[])", ("pages", "names")),
        ("static inline bool __acquires(lock) f(Thing *thing, Other other)", ("thing", "other")),
    ],
)
def test_prototypes_that_need_typedefs_guessed(text: str, names: tuple[str, ...]) -> None:
    assert cexpr.parse_prototype(text).names == names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("int x;", "not the declaration of one function"),
        ("int f(int)", "parameter 1 of f() has no name"),
        ("int f(int a, int a)", "two parameters of f() are called 'a'"),
        ("int f(int a", "is not C that can be read here"),
        ("int f(void); int g(void);", "not the declaration of one function"),
        ("", "not the declaration of one function"),
    ],
)
def test_bad_prototypes_are_explained(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=r"^a\.toml:7: ") as caught:
        cexpr.parse_prototype(text, "a.toml:7")
    assert words in str(caught.value)


def test_expressions() -> None:
    dev = ir.Local("dev")
    parse = cexpr.parse_expression
    assert parse("&dev->mutex", {"dev"}) == ir.AddressOf(ir.Field(ir.Deref(dev), "mutex"))
    assert parse("dev.a[1]", {"dev"}) == ir.Index(ir.Field(dev, "a"), ir.Const(1))
    assert parse("(gfp_t)dev", {"dev"}) == ir.Cast(ir.Named("gfp_t"), dev)
    assert parse("(struct foo *)dev", {"dev"}) == ir.Cast(ir.Pointer(ir.Record("struct", "foo")), dev)
    assert parse("n * size") == ir.Binary("*", ir.Global("n"), ir.Global("size"))
    assert parse("a ? ~b : NULL") == ir.Select(ir.Global("a"), ir.Unary("~", ir.Global("b")), ir.Const(0))
    assert parse("true") == ir.Const(1)
    assert parse("BIT(3)") == ir.Binary("<<", ir.Const(1), ir.Const(3))
    assert parse("sizeof(struct x)") == ir.Sizeof(ir.Record("struct", "x"))
    assert parse("*p") == ir.Deref(ir.Global("p"))


@pytest.mark.parametrize(
    ("text", "value"),
    [("010", 8), ("0x400u", 0x400), ("0", 0), ("12UL", 12), ("0b101", 5), ("'a'", 97), ("'\\n'", 10)],
)
def test_constants(text: str, value: int) -> None:
    assert cexpr.parse_expression(text) == ir.Const(value)


def test_kernel_version_is_a_number() -> None:
    assert cexpr.parse_expression("KERNEL_VERSION(4, 7, 0)") == ir.Const(0x40700)
    assert cexpr.kernel_version(4, 9, 300) == 0x409FF  # saturates since 4.9.256
    assert cexpr.kernel_version(6, 12) > cexpr.kernel_version(6, 1, 255)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("f(x)", "a call of f()"),
        ("x = 3", "an assignment"),
        ("x, y", "not"),
        ("x++", "a side effect (++)"),
        ("", "an expression is empty"),
        ("1 +", "is not C that can be read here"),
        ("a) + (b", "is not C that can be read here"),
        ("1.5", "the number 1.5"),
    ],
)
def test_bad_expressions_are_explained(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=r"^a\.toml:7: ") as caught:
        cexpr.parse_expression(text, {"x"}, "a.toml:7")
    assert words in str(caught.value)


def test_names_in_finds_every_identifier() -> None:
    expression = cexpr.parse_expression("(a->b & FLAG) && !c[d] ? (e_t)f : &g", {"a"})
    assert cexpr.names_in(expression) == {"a", "FLAG", "c", "d", "f", "g"}


_NAMES = st.sampled_from(["mask", "order", "__GFP_FS", "GFP_KERNEL"])
_EXPRESSIONS: st.SearchStrategy[tuple[str, ir.Expr]] = st.recursive(
    st.one_of(
        _NAMES.map(
            lambda name: (name, ir.Local(name) if name.islower() and name[0] != "_" else ir.Global(name))
        ),
        st.integers(0, 2**32).map(lambda value: (str(value), ir.Const(value))),
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("~!"), inner).map(
            lambda x: (f"{x[0]}({x[1][0]})", ir.Unary(x[0], x[1][1]))
        ),
        st.tuples(st.sampled_from(["|", "&", "&&", "||", "<", "<<", "+"]), inner, inner).map(
            lambda x: (f"({x[1][0]}) {x[0]} ({x[2][0]})", ir.Binary(x[0], x[1][1], x[2][1]))
        ),
    ),
    max_leaves=8,
)


@given(_EXPRESSIONS)
def test_parsing_gives_back_what_was_written(pair: tuple[str, ir.Expr]) -> None:
    text, expected = pair
    assert cexpr.parse_expression(text, {"mask", "order"}) == expected


@given(st.text(max_size=30))
def test_any_text_parses_or_is_refused_with_a_sentence(text: str) -> None:
    for parse in (cexpr.parse_expression, cexpr.parse_prototype):
        said = "."
        try:
            parse(text)
        except ModelError as error:
            said = str(error)
        assert said.endswith(".")
