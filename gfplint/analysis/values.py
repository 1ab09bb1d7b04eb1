"""The value domain: known bits, a few alternatives, and addresses.

One domain serves masks, flag words, constants and truth values:

* :class:`Bits`: of a 64-bit word, which bits are surely set and which surely clear; and whether the
  value is surely not zero (a pointer that was tested, an error code);
* :class:`OneOf`: a handful of alternatives, where paths with the same locks met;
* :class:`Address`, :class:`Code`: a pointer to a place, a pointer to a function;
* :class:`Struct`, :class:`Pointee`: a struct some of whose fields are known, a pointer to one;
* :class:`Cookie`: what ``memalloc_*_save()`` returned.

Each value carries ``deps``, a set of parameter numbers (as bits) that it was computed from: whoever
decides something by a value has thereby consulted those parameters, and a summary holds only for
callers that agree on what was consulted.

Law, tested with hypothesis: the abstract result of an operator covers the concrete one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gfplint.analysis.contents import Contents
from gfplint.program.program import FunctionRef
from gfplint.program.types import Place

WIDTH = 64
ALL = (1 << WIDTH) - 1
_SIGN = 1 << (WIDTH - 1)
MAX_ALTERNATIVES = 4


@dataclass(slots=True, unsafe_hash=True)
class Bits:
    """``ones`` are set, ``zeros`` are clear, the rest is open. ``nonzero`` says that some bit is set."""

    ones: int = 0
    zeros: int = 0
    nonzero: bool = False
    deps: int = 0

    @property
    def constant(self) -> int | None:
        """The value as an unsigned 64-bit number, where every bit is known."""
        return self.ones if self.ones | self.zeros == ALL else None

    @property
    def signed(self) -> int | None:
        """The value as C's ``long`` sees it."""
        value = self.constant
        return value if value is None or value < _SIGN else value - (1 << WIDTH)


@dataclass(slots=True, unsafe_hash=True)
class OneOf:
    """One of up to :data:`MAX_ALTERNATIVES` values; never nested."""

    values: tuple[Value, ...]
    deps: int = 0


class Address:
    """A pointer to an lvalue. Its place is worked out when first asked for: most never are."""

    __slots__ = ("_make", "_place", "deps", "key")

    def __init__(
        self,
        make: Callable[[], Place | None] | None,
        place: Place | None = None,
        deps: int = 0,
        key: object = None,
    ) -> None:
        self._make = make
        self._place = place
        self.deps = deps
        self.key = key
        """What stands for this address in comparisons, so that comparing need not work out the place."""

    @property
    def place(self) -> Place | None:
        """Where it points to; None where types don't tell."""
        if self._make is not None:
            self._place = self._make()
            self._make = None
        return self._place

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Address):
            return NotImplemented
        if self.key is not None and self.key == other.key:
            return True
        return self.place == other.place

    def __hash__(self) -> int:
        return hash(self.place)

    @property
    def table(self) -> Place | None:
        """The file-scope variable that it points to or into, None for all else."""
        place = self._place  # that of a variable is always known from the start
        return place if place is not None and place.root.startswith("global ") else None

    def __repr__(self) -> str:
        return f"Address({self.place})"


@dataclass(slots=True, unsafe_hash=True)
class Code:
    """A pointer to a known function."""

    ref: FunctionRef
    deps: int = 0


@dataclass(slots=True, unsafe_hash=True)
class Cookie:
    """The task's scope state as it was before a scope was entered: bits entered and left so far."""

    scope: int
    was_entered: bool
    deps: int = 0


@dataclass(slots=True, unsafe_hash=True)
class Pointee:
    """A valid pointer to a struct of which something is known: nobody else has it, or an invariant holds."""

    contents: Contents
    deps: int = 0


@dataclass(slots=True, unsafe_hash=True)
class Struct:
    """A struct itself: what a function returns or is passed by value, what a variable was set to."""

    contents: Contents
    deps: int = 0


Value: TypeAlias = Bits | OneOf | Address | Code | Cookie | Pointee | Struct

TOP = Bits()
ZERO = Bits(0, ALL)
ONE = Bits(1, ALL ^ 1, True)
NONZERO = Bits(0, 0, True)
_ZEROED = Contents((), ZERO)


VALID = Address(None, None, key="valid")
"""A pointer that was dereferenced: neither NULL nor an error pointer, whatever it points to."""


def const(value: int, deps: int = 0) -> Bits:
    """A known integer; negative ones in two's complement."""
    value &= ALL
    return Bits(value, ALL ^ value, value != 0, deps)


def with_deps(value: Value, deps: int) -> Value:
    """The same value, tied to these parameters as well."""
    if not deps or value.deps | deps == value.deps:
        return value
    match value:
        case Bits():
            return Bits(value.ones, value.zeros, value.nonzero, value.deps | deps)
        case OneOf():
            return OneOf(value.values, value.deps | deps)
        case Address():
            copy = Address(None, None, value.deps | deps, value.key)
            copy._make = value._make
            copy._place = value._place
            return copy
        case Code():
            return Code(value.ref, value.deps | deps)
        case Pointee():
            return Pointee(value.contents, value.deps | deps)
        case Struct():
            return Struct(value.contents, value.deps | deps)
    return Cookie(value.scope, value.was_entered, value.deps | deps)


def plain(value: Value) -> Value:
    """The same value without its ties, for use as a fact."""
    match value:
        case Bits(ones, zeros, nonzero, deps):
            return Bits(ones, zeros, nonzero) if deps else value
        case OneOf(values, deps):
            return (
                OneOf(tuple(plain(each) for each in values)) if deps or any(v.deps for v in values) else value
            )
        case Code(ref, deps):
            return Code(ref) if deps else value
        case Pointee(contents, deps):
            return Pointee(contents) if deps else value
        case Struct(contents, deps):
            return Struct(contents) if deps else value
        case Address():
            if not value.deps:
                return value
            copy = Address(None, None, 0, value.key)
            copy._make = value._make
            copy._place = value._place
            return copy
    return value


def alternatives(value: Value) -> tuple[Value, ...]:
    """The values it may be: itself, or each of a OneOf."""
    return value.values if isinstance(value, OneOf) else (value,)


def join(left: Value, right: Value) -> Value:
    """A value that covers both, kept apart while there are few."""
    if left is right:
        return left
    deps = left.deps | right.deps
    if left == right:
        return with_deps(left, deps)
    if isinstance(left, Struct) or isinstance(right, Struct):
        return _joined_structs(left, right, deps)
    merged: list[Value] = []
    for value in (*alternatives(left), *alternatives(right)):
        value = plain(value)
        if value not in merged:
            merged.append(value)
    if TOP in merged:
        return Bits(deps=deps)
    if len(merged) == 1:
        return with_deps(merged[0], deps)
    if len(merged) <= MAX_ALTERNATIVES:
        return OneOf(tuple(merged), deps)
    return with_deps(_collapse(merged), deps)


def _joined_structs(left: Value, right: Value, deps: int) -> Value:
    one, other = struct_contents(left), struct_contents(right)
    if one is None or other is None:
        return Bits(deps=deps)
    both = one.joined(other, join)
    return Struct(both, deps) if both else Bits(deps=deps)


def struct_contents(value: Value | None) -> Contents | None:
    """What is known of a struct that was set to ``value``: of a zeroed one, that all fields are 0."""
    if isinstance(value, Struct):
        return value.contents
    return _ZEROED if isinstance(value, Bits) and value.zeros == ALL else None


def _collapse(values: list[Value]) -> Value:
    ones = zeros = ALL
    nonzero = True
    for value in values:
        bits = as_bits(value)
        ones &= bits.ones
        zeros &= bits.zeros
        nonzero = nonzero and bits.nonzero
    return Bits(ones, zeros, nonzero)


def widen(value: Value) -> Value:
    """Where a loop keeps changing a value: give up on it."""
    return Bits(deps=value.deps)


def as_bits(value: Value) -> Bits:
    """The value as known bits; an address or function is only known not to be zero."""
    match value:
        case Bits():
            return value
        case OneOf():
            return _collapse_bits(value)
        case Cookie() | Struct():
            return Bits(deps=value.deps)
    return Bits(0, 0, True, value.deps)


def _collapse_bits(value: OneOf) -> Bits:
    bits = _collapse(list(value.values))
    assert isinstance(bits, Bits)
    return Bits(bits.ones, bits.zeros, bits.nonzero, value.deps)


def truth(value: Value) -> bool | None:
    """Whether the value counts as true; None where that is open."""
    if isinstance(value, OneOf):
        answers = {truth(each) for each in value.values}
        return answers.pop() if len(answers) == 1 else None
    bits = as_bits(value)
    if bits.ones or bits.nonzero:
        return True
    if bits.zeros == ALL:
        return False
    return None


def boolean(answer: bool | None, deps: int = 0) -> Bits:
    """0, 1 or «0 or 1»."""
    if answer is None:
        return Bits(0, ALL ^ 1, False, deps)
    return with_known_deps(ONE if answer else ZERO, deps)


def with_known_deps(bits: Bits, deps: int) -> Bits:
    """Bits with these ties instead of its own."""
    return bits if bits.deps == deps else Bits(bits.ones, bits.zeros, bits.nonzero, deps)


def unary(op: str, operand: Value) -> Value:
    """``-``, ``~`` or ``!`` of a value."""
    if isinstance(operand, OneOf):
        return _each(operand, lambda value: unary(op, value))
    if op == "!":
        answer = truth(operand)
        return boolean(None if answer is None else not answer, operand.deps)
    bits = as_bits(operand)
    if op == "~":
        return Bits(bits.zeros, bits.ones, bits.zeros != 0, bits.deps)
    value = bits.constant
    if op == "-" and value is not None:
        return const(-value, bits.deps)
    return Bits(0, 0, bits.nonzero, bits.deps)


def _each(value: OneOf, apply: Callable[[Value], Value]) -> Value:
    result: Value | None = None
    for each in value.values:
        found = apply(each)
        result = found if result is None else join(result, found)
    assert result is not None
    return with_deps(result, value.deps)


def binary(op: str, left: Value, right: Value, *, unsigned: bool = False) -> Value:
    """``left op right`` as C computes it on 64-bit words (comparisons signed unless ``unsigned``)."""
    if isinstance(left, OneOf):
        return _each(left, lambda value: binary(op, value, right, unsigned=unsigned))
    if isinstance(right, OneOf):
        return _each(right, lambda value: binary(op, left, value, unsigned=unsigned))
    deps = left.deps | right.deps
    if op == "&&":
        return boolean(_and(truth(left), truth(right)), deps)
    if op == "||":
        return boolean(_or(truth(left), truth(right)), deps)
    if op in ("==", "!="):
        answer = _equal(left, right)
        if answer is not None and op == "!=":
            answer = not answer
        return boolean(answer, deps)
    if isinstance(left, (Address, Pointee)) and op in (">=", ">") and _is_error(right):
        return boolean(False, deps)  # IS_ERR(): no object is in the last page of the address space
    a, b = as_bits(left), as_bits(right)
    if op == "&":
        return Bits(a.ones & b.ones, a.zeros | b.zeros, bool(a.ones & b.ones), deps)
    if op == "|":
        return Bits(a.ones | b.ones, a.zeros & b.zeros, a.nonzero or b.nonzero, deps)
    if op == "^":
        ones = (a.ones & b.zeros) | (a.zeros & b.ones)
        return Bits(ones, (a.ones & b.ones) | (a.zeros & b.zeros), ones != 0, deps)
    x, y = (a.constant, b.constant) if unsigned else (a.signed, b.signed)
    if op in ("<", ">", "<=", ">="):
        return boolean(_compare(op, _range(a, unsigned), _range(b, unsigned)), deps)
    if y is not None and 0 <= y < WIDTH:
        if op == "<<":
            return Bits((a.ones << y) & ALL, ((a.zeros << y) | ((1 << y) - 1)) & ALL, False, deps)
        if op == ">>" and x is not None:
            return const(x >> y, deps)
    if x is None or y is None:
        if op in ("+", "-") and y == 0:
            return Bits(a.ones, a.zeros, a.nonzero, deps)
        if op in ("+", "-") and isinstance(left, Address):
            return Bits(0, 0, True, deps)
        return Bits(deps=deps)
    return _arithmetic(op, x, y, deps)


def _is_error(value: Value) -> bool:
    """Whether a number is in the range of error pointers (include/linux/err.h: MAX_ERRNO)."""
    number = as_bits(value).signed
    return number is not None and -4096 <= number < 0


def _arithmetic(op: str, x: int, y: int, deps: int) -> Bits:
    if op == "+":
        return const(x + y, deps)
    if op == "-":
        return const(x - y, deps)
    if op == "*":
        return const(x * y, deps)
    if op in ("/", "%") and y != 0:
        quotient = abs(x) // abs(y)
        quotient = quotient if (x < 0) == (y < 0) else -quotient
        return const(quotient if op == "/" else x - quotient * y, deps)
    return Bits(deps=deps)


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return True if a and b else None


def _or(a: bool | None, b: bool | None) -> bool | None:
    if a or b:
        return True
    return False if a is False and b is False else None


def _equal(left: Value, right: Value) -> bool | None:
    if isinstance(left, Code) and isinstance(right, Code):
        return left.ref == right.ref
    valid = (Address, Pointee)
    if (isinstance(left, valid) and _is_error(right)) or (isinstance(right, valid) and _is_error(left)):
        return False
    a, b = as_bits(left), as_bits(right)
    if a.ones & b.zeros or a.zeros & b.ones:
        return False
    if (a.nonzero and b.zeros == ALL) or (b.nonzero and a.zeros == ALL):
        return False
    if a.constant is not None and a.constant == b.constant:
        return True
    return None


def _compare(op: str, left: tuple[int, int] | None, right: tuple[int, int] | None) -> bool | None:
    """The order of two words of which the least and the greatest value are known, if anything is."""
    if left is None or right is None:
        return None
    (a_low, a_high), (b_low, b_high) = left, right
    if op == "<":
        return True if a_high < b_low else False if a_low >= b_high else None
    if op == "<=":
        return True if a_high <= b_low else False if a_low > b_high else None
    if op == ">":
        return True if a_low > b_high else False if a_high <= b_low else None
    return True if a_low >= b_high else False if a_high < b_low else None


def _range(bits: Bits, unsigned: bool) -> tuple[int, int] | None:
    """The least and the greatest value of a word: at least the bits known set, at most those not known
    clear. As a signed number only where its sign is known; None otherwise.
    """
    low, high = bits.ones, ALL ^ bits.zeros
    if unsigned or bits.zeros & _SIGN:
        return low, high
    return (low - (1 << WIDTH), high - (1 << WIDTH)) if bits.ones & _SIGN else None
