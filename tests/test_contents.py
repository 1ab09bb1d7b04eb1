"""Laws of what is known of a struct: it is true of every struct that it was made from.

A concrete struct is a number for each of six paths. Contents *cover* it where no field is said to be what it
isn't.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gfplint import ir
from gfplint.analysis.contents import Contents, below, chain, made
from gfplint.analysis.values import ZERO, Value, as_bits, const, join

PATHS = ("a", "b", "c", "part.a", "part.b", "part.deep.a")
NAMES = ("a", "b", "c", "part", "deep")

structs = st.fixed_dictionaries({path: st.integers(0, 2) for path in PATHS})


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Contents, dict[str, int]]:
    """Contents and a struct that they cover: zeroed or not, then some fields set."""
    struct = draw(structs)
    known = draw(st.sets(st.sampled_from(PATHS)))
    changed = set(draw(st.sets(st.sampled_from(NAMES))))
    zeroed = draw(st.booleans())
    if zeroed:
        changed |= {path.rpartition(".")[2] for path in PATHS if struct[path] and path not in known}
    fields: list[tuple[str, Value]] = [(path, const(struct[path])) for path in known]
    return made(fields, ZERO if zeroed else None, changed), struct


def covers(contents: Contents, struct: dict[str, int]) -> bool:
    for path, number in struct.items():
        value = contents.field(path)
        if value is None:
            continue
        alternatives = getattr(value, "values", (value,))
        if all(as_bits(each).constant != number for each in alternatives):
            return False
    return True


@given(pairs())
def test_what_is_made_covers(pair: tuple[Contents, dict[str, int]]) -> None:
    assert covers(*pair)


@given(pairs(), pairs())
def test_join_covers_both(
    left: tuple[Contents, dict[str, int]], right: tuple[Contents, dict[str, int]]
) -> None:
    both = left[0].joined(right[0], join)
    assert covers(both, left[1])
    assert covers(both, right[1])
    assert both.joined(right[0], join) == both or not right[0].fields


@given(pairs(), st.sampled_from(PATHS), st.integers(0, 2))
def test_a_written_field_is_forgotten(pair: tuple[Contents, dict[str, int]], path: str, number: int) -> None:
    """Whoever wrote it named it by its last name, or by that of a struct around it."""
    contents, struct = pair
    for name in path.split("."):
        assert covers(contents.without([name]), struct | {path: number})


@given(pairs())
def test_nothing_else_is_forgotten(pair: tuple[Contents, dict[str, int]]) -> None:
    contents, _ = pair
    left = contents.without(["deep"])
    for path in PATHS[:-1]:
        assert left.field(path) == contents.field(path)


@given(pairs())
def test_a_part_is_known_as_the_whole_knows_it(pair: tuple[Contents, dict[str, int]]) -> None:
    contents, struct = pair
    inside = {
        path.removeprefix("part."): number for path, number in struct.items() if path.startswith("part.")
    }
    part = contents.part("part")
    assert covers(part, inside)
    assert [(f"part.{path}", value) for path, value in part.fields] == [
        pair for pair in contents.fields if pair[0].startswith("part.")
    ]
    assert contents.part("") is contents


def test_contents_stay_small() -> None:
    """They are part of what summaries are kept by."""
    many: list[tuple[str, Value]] = [(f"f{number:02}", const(number)) for number in range(40)]
    contents = made(many, ZERO, ())
    assert len(contents.fields) == 16
    assert contents.field("f01") == const(1)
    assert contents.field("f39") is None
    assert contents.field("else") == (ZERO if contents.rest is not None else None)


def test_a_chain_of_fields_and_back() -> None:
    local = ir.Local("b")
    lvalue = ir.Field(ir.Field(local, "base"), "ops")
    assert chain(lvalue) == (local, "base.ops")
    assert below(local, "base.ops") == lvalue
