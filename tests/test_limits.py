"""docs/limits.md and docs/confidence.md state the numbers that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gfplint.analysis import (
    callers,
    candidates,
    carriers,
    confidence,
    effects,
    regions,
    scope_walk,
    unbalanced,
    values,
    walk,
)
from gfplint.analysis.evaluate import Limits
from gfplint.findings import Confidence
from gfplint.frontend import macros
from gfplint.kernel import files
from gfplint.program import constants, pointers, registrations, types

DOCS = Path(__file__).resolve().parent.parent / "docs"
LIMITS = Limits()
MEDIUM = confidence.limits(Confidence.MEDIUM)
BOUNDS = {
    "functions on a way, with `--min-confidence low`, `--show-locks` and `--dump`": LIMITS.depth,
    "functions on a way otherwise: more would be a finding of low confidence": MEDIUM.depth,
    "functions on a way in a chain of locks, where low confidence isn't asked for": confidence.chain_length(
        Confidence.MEDIUM
    ),
    "targets of a pointer call that is followed, where low confidence isn't asked for": MEDIUM.targets,
    "blocks walked in one evaluation of a function": LIMITS.steps,
    "evaluations of one function with different facts": LIMITS.specialisations,
    "evaluations of the head of a recursion": LIMITS.rounds,
    "alternatives of a value": values.MAX_ALTERNATIVES,
    "changes of a value at a block": walk._WIDEN_AFTER,
    "states at a block": walk._MAX_STATES,
    "states forked inside a block": walk._MAX_FORKS,
    "exits of a function": walk._MAX_EXITS,
    "effects of one kind that drop different locks of the caller's": effects._VARIANTS,
    "targets of a pointer call, near the start of the walk": pointers._NEAR_TARGETS,
    "targets of a pointer call, elsewhere": pointers.FAR_TARGETS,
    "places that store to a field of one name, elsewhere": pointers.FAR_SITES,
    "uncertain pointer calls on one way": 1,
    "rounds of the search for wrappers of a lock": candidates.WRAPPER_ROUNDS,
    "levels of callers that confirm a region": regions._CALLER_LEVELS,
    "chains of callers that are asked about one region": regions._MAX_CHAINS,
    "callers of one function that are asked": callers._MAX_CALLERS,
    "functions from the one that keeps a scope's cookie to the one that makes the object": carriers._LEVELS,
    "functions on a way below a maker of such objects": carriers._DEPTH,
    "levels of callers asked for a registered object": registrations._MAX_CALLERS,
    "paths kept apart at a block, for scopes": scope_walk._MAX_PATHS,
    "blocks walked in one function, for scopes": scope_walk._MAX_BLOCKS,
    "conditions that tell paths apart, for scopes": scope_walk._MAX_CONDITIONS,
    "rounds of the search for wrappers of a scope": unbalanced._WRAPPER_ROUNDS,
    "size of a source file": files.MAX_SIZE,
    "one macro's expansion": macros.MAX_EXPANSION,
    "all expansions in one function": macros.MAX_TOTAL,
    "depth of macros in macros": macros.MAX_DEPTH,
    "typedefs behind one another": types._MAX_TYPEDEFS,
    "depth of constants in terms of one another": constants._MAX_DEPTH,
}
UNITS = {"": 1, " KiB": 1 << 10, " MiB": 1 << 20}


def test_table_of_bounds() -> None:
    text = (DOCS / "limits.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+?) \| (\d+)( [KM]iB)? \|", text, re.M)
    assert {name: int(number) * UNITS[unit] for name, number, unit in rows} == BOUNDS


@pytest.mark.parametrize(
    ("level", "length", "targets"),
    [
        (Confidence.HIGH, confidence._SHORT, 1),
        (Confidence.MEDIUM, confidence._LONG, confidence._FEW),
    ],
)
def test_levels_of_confidence(level: Confidence, length: int, targets: int) -> None:
    text = (DOCS / "confidence.md").read_text("utf-8")
    (row,) = (line for line in text.splitlines() if line.startswith(f"| {level.word} |"))
    assert [int(number) for number in re.findall(r"\d+", row)] == [targets, length]
    assert confidence.level(targets, True, length) is level
    assert confidence.level(targets + 1, True, length) < level
    assert confidence.level(targets, True, length + 1) < level
    assert confidence.level(targets, False, length) is Confidence.LOW


def test_what_is_not_followed_would_have_low_confidence() -> None:
    for lowest in (Confidence.MEDIUM, Confidence.HIGH):
        bounds = confidence.limits(lowest)
        assert bounds.targets is not None
        assert confidence.level(bounds.targets, True, bounds.depth - 1) >= Confidence.MEDIUM
        assert confidence.level(bounds.targets + 1, True, 1) is Confidence.LOW
        assert confidence.level(1, True, bounds.depth) is Confidence.LOW
    assert confidence.limits(Confidence.LOW) == LIMITS
