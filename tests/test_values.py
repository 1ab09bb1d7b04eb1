"""Laws of the value domain: what an abstract operator answers covers what the concrete one computes.

A machine word is an unsigned 64-bit number here. An abstract value *covers* a word where the word has all
bits that are surely set and none that are surely clear, and isn't 0 where the value says so; an alternative
covers what one of its values covers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gfplint.analysis.values import (
    ALL,
    MAX_ALTERNATIVES,
    NONZERO,
    ONE,
    TOP,
    VALID,
    ZERO,
    Address,
    Bits,
    Code,
    Cookie,
    OneOf,
    Value,
    alternatives,
    as_bits,
    binary,
    boolean,
    const,
    join,
    plain,
    truth,
    unary,
    widen,
    with_deps,
)
from gfplint.program.program import FunctionRef

SIGN = 1 << 63


def signed(word: int) -> int:
    return word - (1 << 64) if word & SIGN else word


def covers(value: Value, word: int) -> bool:
    if isinstance(value, OneOf):
        return any(covers(each, word) for each in value.values)
    bits = as_bits(value)
    return word & bits.ones == bits.ones and not word & bits.zeros and not (bits.nonzero and not word)


# Small numbers, single bits, ends of ranges and error codes are where operators go wrong.
interesting = st.sampled_from(
    [0, 1, 2, 3, 7, 63, 64, 0xCC0, 0x400, SIGN - 1, SIGN, SIGN + 1, ALL, ALL - 1, ALL - 4094, ALL - 4095]
)
words = st.one_of(
    interesting,
    st.integers(0, ALL),
    st.integers(0, 130),
    st.integers(1, 4096).map(lambda n: ALL + 1 - n),
    st.integers(0, 63).map(lambda n: 1 << n),
)
masks = st.one_of(words, words.map(lambda word: ALL ^ word))


@st.composite
def known_bits(draw: st.DrawFn) -> tuple[Bits, int]:
    """A value and a word that it covers."""
    word, known = draw(words), draw(masks)
    nonzero = bool(word) and draw(st.booleans())
    return Bits(word & known, ~word & known, nonzero), word


@st.composite
def values(draw: st.DrawFn) -> tuple[Value, int]:
    """The same, alternatives too."""
    bits, word = draw(known_bits())
    others = draw(st.lists(known_bits(), max_size=MAX_ALTERNATIVES - 1))
    if not others:
        return bits, word
    choice = [bits, *(each for each, _ in others)]
    return OneOf(tuple(draw(st.permutations(choice)))), word


def divided(x: int, y: int) -> int:
    """C's division: towards zero."""
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "/": divided,
    "%": lambda x, y: x - y * divided(x, y),
    "<<": operator.lshift,
    ">>": operator.rshift,
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


# ---------------------------------------------------------------------------------- operators


@pytest.mark.parametrize("op", ARITHMETIC)
@pytest.mark.parametrize("unsigned", [False, True], ids=["signed", "unsigned"])
@given(left=values(), right=values())
def test_arithmetic_covers(
    op: str, unsigned: bool, left: tuple[Value, int], right: tuple[Value, int]
) -> None:
    (a, x), (b, y) = left, right
    if op in ("/", "%") and y == 0:
        return
    if op in ("<<", ">>"):
        if y >= 64:
            return
    elif not unsigned:
        y = signed(y)
    if not unsigned:
        x = signed(x)
    result = ARITHMETIC[op](x, y) & ALL
    assert covers(binary(op, a, b, unsigned=unsigned), result)


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("unsigned", [False, True], ids=["signed", "unsigned"])
@given(left=values(), right=values())
def test_comparison_covers(
    op: str, unsigned: bool, left: tuple[Value, int], right: tuple[Value, int]
) -> None:
    (a, x), (b, y) = left, right
    result = COMPARISONS[op](x, y) if unsigned else COMPARISONS[op](signed(x), signed(y))
    assert covers(binary(op, a, b, unsigned=unsigned), int(result))


@given(left=values(), right=values())
def test_logic_covers(left: tuple[Value, int], right: tuple[Value, int]) -> None:
    (a, x), (b, y) = left, right
    assert covers(binary("&&", a, b), int(bool(x and y)))
    assert covers(binary("||", a, b), int(bool(x or y)))


@given(values())
def test_unary_covers(pair: tuple[Value, int]) -> None:
    value, word = pair
    assert covers(unary("-", value), -word & ALL)
    assert covers(unary("~", value), ~word & ALL)
    assert covers(unary("!", value), int(not word))


@given(words, words)
def test_constants_are_exact(x: int, y: int) -> None:
    """Operators lose nothing where everything is known."""
    for op in ("+", "-", "*", "&", "|", "^"):
        assert as_bits(binary(op, const(x), const(y))).constant == ARITHMETIC[op](x, y) & ALL
    for op, compare in COMPARISONS.items():
        assert truth(binary(op, const(x), const(y))) is compare(signed(x), signed(y))
        assert truth(binary(op, const(x), const(y), unsigned=True)) is compare(x, y)
    assert const(x).constant == x
    assert const(x).signed == signed(x)
    assert const(signed(x)) == const(x)


@given(words, st.integers(0, 63))
def test_constant_shifts_are_exact(x: int, y: int) -> None:
    assert as_bits(binary("<<", const(x), const(y))).constant == x << y & ALL
    assert as_bits(binary(">>", const(x), const(y))).constant == signed(x) >> y & ALL
    assert as_bits(binary(">>", const(x), const(y), unsigned=True)).constant == x >> y


@given(known_bits(), masks)
def test_masks_stay_exact(pair: tuple[Bits, int], mask: int) -> None:
    """``mask & ~FLAG`` and ``mask | FLAG`` lose no bit that was known: masks depend on it."""
    bits, _ = pair
    cleared, added = as_bits(binary("&", bits, const(~mask))), as_bits(binary("|", bits, const(mask)))
    assert (cleared.ones, cleared.zeros) == (bits.ones & ~mask & ALL, bits.zeros | mask)
    assert (added.ones, added.zeros) == (bits.ones | mask, bits.zeros & ~mask & ALL)


# ------------------------------------------------------------------------------- join and truth


@given(values(), values())
def test_join_covers_both(left: tuple[Value, int], right: tuple[Value, int]) -> None:
    (a, x), (b, y) = left, right
    both = join(a, b)
    assert covers(both, x)
    assert covers(both, y)
    assert len(alternatives(both)) <= MAX_ALTERNATIVES
    assert not any(isinstance(each, OneOf) for each in alternatives(both))


@given(values(), values())
def test_join_is_idempotent_and_absorbs(left: tuple[Value, int], right: tuple[Value, int]) -> None:
    """A fixed point is recognised by a join that changes nothing."""
    both = join(left[0], right[0])
    assert join(both, both) == both
    assert join(both, right[0]) == both or as_bits(join(both, right[0])) == as_bits(both)


@given(values())
def test_truth_is_right(pair: tuple[Value, int]) -> None:
    value, word = pair
    assert truth(value) in (None, bool(word))


@given(values())
def test_as_bits_covers(pair: tuple[Value, int]) -> None:
    value, word = pair
    assert covers(as_bits(value), word)
    assert covers(widen(value), word)


@given(words)
def test_truth_of_constants(word: int) -> None:
    assert truth(const(word)) is bool(word)


def test_truth_of_what_has_no_bits() -> None:
    assert [truth(each) for each in (TOP, ZERO, ONE, NONZERO, VALID)] == [None, False, True, True, True]
    assert truth(Code(FunctionRef("a.c", 0, "f"))) is True
    assert truth(Cookie(2, False)) is None
    assert [truth(boolean(answer)) for answer in (True, False, None)] == [True, False, None]
    assert as_bits(boolean(None)).zeros == ALL ^ 1


# ---------------------------------------------------------------------------------- parameters


@given(
    values(), values(), st.integers(0, 255), st.integers(0, 255), st.sampled_from([*ARITHMETIC, *COMPARISONS])
)
def test_results_depend_on_what_they_came_from(
    left: tuple[Value, int], right: tuple[Value, int], a: int, b: int, op: str
) -> None:
    """Or a summary would be handed to a caller that it doesn't hold for."""
    one, other = with_deps(left[0], a), with_deps(right[0], b)
    for result in (binary(op, one, other), join(one, other)):
        assert result.deps & (a | b) == a | b
    for sign in "-~!":
        assert unary(sign, one).deps & a == a
    assert widen(one).deps & a == a
    assert as_bits(one).deps & a == a


@given(values(), st.integers(0, 255))
def test_plain_takes_the_ties_off_and_nothing_else(pair: tuple[Value, int], deps: int) -> None:
    value = with_deps(pair[0], deps)
    assert plain(value).deps == 0
    assert plain(value) == plain(pair[0])
    assert covers(plain(value), pair[1])


# ------------------------------------------------------------------------------------ pointers


ERRORS = st.integers(1, 4095).map(lambda n: const(-n))
POINTERS = (VALID, Address(None, None, key=("a.c", 0, "x")))


@pytest.mark.parametrize("pointer", POINTERS)
@given(error=ERRORS)
def test_a_valid_pointer_is_no_error(pointer: Value, error: Bits) -> None:
    """IS_ERR() as include/linux/err.h has it, both ways round."""
    assert truth(binary(">=", pointer, const(-4095), unsigned=True)) is False
    assert truth(binary("==", pointer, error)) is False
    assert truth(binary("==", error, pointer)) is False
    assert truth(binary("!=", pointer, error)) is True


@pytest.mark.parametrize("pointer", POINTERS)
def test_a_valid_pointer_is_not_null(pointer: Value) -> None:
    assert truth(binary("==", pointer, ZERO)) is False
    assert truth(unary("!", pointer)) is False


def test_functions_compare_by_what_they_are() -> None:
    f, g = Code(FunctionRef("a.c", 0, "f")), Code(FunctionRef("a.c", 9, "g"))
    assert truth(binary("==", f, f)) is True
    assert truth(binary("==", f, g)) is False
    assert truth(binary("==", f, ZERO)) is False
    assert truth(binary("==", f, TOP)) is None


def test_alternatives_are_kept_while_there_are_few() -> None:
    """A mask that is GFP_KERNEL or GFP_ATOMIC must not become «some of these bits»."""
    value: Value = const(1)
    for number in range(2, MAX_ALTERNATIVES + 1):
        value = join(value, const(number))
    assert [as_bits(each).constant for each in alternatives(value)] == list(range(1, MAX_ALTERNATIVES + 1))
    value = join(value, const(8))
    assert isinstance(value, Bits)
    assert value.nonzero


@example(Bits(0, SIGN), ALL - 4094)
@given(known_bits().map(lambda pair: pair[0]), words)
def test_unsigned_order_of_what_is_partly_known(bits: Bits, limit: int) -> None:
    """The least and the greatest word that a value covers decide, not their signs."""
    if bits.ones & bits.zeros:
        return
    for word in (bits.ones, ALL ^ bits.zeros):
        if covers(bits, word):
            for op in ("<", "<=", ">", ">="):
                answer = truth(binary(op, bits, const(limit), unsigned=True))
                assert answer in (None, COMPARISONS[op](word, limit))
