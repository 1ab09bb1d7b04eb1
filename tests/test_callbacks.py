"""Callbacks by class of the reclaiming allocation's mask: what they wait for, and for whom."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplint.analysis.callbacks import Answer, Awaited, admits, awaited, mask_classes
from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.summary import LockClass
from gfplint.analysis.values import ALL, Bits, Value, const
from gfplint.findings import Place, Thread
from gfplint.kernel.tree import KernelTree
from gfplint.models import Models
from gfplint.program.program import FunctionRef, Program
from gfplint.program.registrations import Registered
from gfplint.resources import rules_directory

TESTDATA = Path(__file__).resolve().parent.parent / "testdata"
TREES = ("kernel", "kernel-4.1")


@cache
def classes_of(tree: str) -> tuple[tuple[Bits, ...], dict[str, int]]:
    """The classes of a tree's masks, and its bits by name."""
    found = KernelTree.discover(TESTDATA / tree)
    program = Program(found, Models.load((rules_directory(),), found.version))
    evaluator = Evaluator(program)
    bits = {name: program.masks.value(name) or 0 for name in ("__GFP_FS", "__GFP_IO", "GFP_KERNEL")}
    return mask_classes(evaluator), {**bits, "reclaim": evaluator.direct_reclaim_bit}


def waiting(
    masks: tuple[Bits, ...], lock: str = "struct a.b", cost: int = 0, shared: bool = False
) -> Awaited:
    ref = FunctionRef("drivers/a.c", cost, "scan")
    registered = Registered("shrinker", ref, "scan_objects", "drivers/a.c", 7)
    held = LockClass(lock, "mutex", lock.rpartition(".")[2])
    return Awaited(held, shared, registered, 1, 1, (1, 1, cost), masks, Thread("t", ()))


def covers(bits: Bits, word: int) -> bool:
    return word & bits.ones == bits.ones and not word & bits.zeros


@pytest.mark.parametrize("tree", TREES)
def test_the_classes_share_no_mask_and_all_reclaim(tree: str) -> None:
    classes, bits = classes_of(tree)
    fs, io = bits["__GFP_FS"], bits["__GFP_IO"]
    assert 0 not in (fs, io)
    assert fs != io
    assert [(bool(each.ones & fs), bool(each.ones & io)) for each in classes] == [
        (True, True),
        (False, True),
        (False, False),
    ]
    for each in classes:
        assert each.ones & bits["reclaim"]
        assert each.ones & (fs | io) == (fs | io) & ~each.zeros
    assert [covers(each, bits["GFP_KERNEL"]) for each in classes] == [True, False, False]


words = st.integers(0, (1 << 32) - 1)
chosen = st.sets(st.integers(0, 2), min_size=1, max_size=2)


@pytest.mark.parametrize("tree", TREES)
@given(word=words, numbers=chosen)
def test_a_concrete_mask_is_decided(tree: str, word: int, numbers: set[int]) -> None:
    classes, _ = classes_of(tree)
    masks = tuple(classes[number] for number in sorted(numbers))
    expected = (
        any(covers(each, word) for each in masks) if any(covers(each, word) for each in classes) else None
    )
    assert admits(waiting(masks), const(word), classes) is expected


@pytest.mark.parametrize("tree", TREES)
@given(word=words, known=words, numbers=chosen)
def test_what_is_said_of_bits_holds_for_every_mask_with_them(
    tree: str, word: int, known: int, numbers: set[int]
) -> None:
    """Of every mask that some class covers: mm makes no others that reclaim."""
    classes, bits = classes_of(tree)
    masks = tuple(classes[number] for number in sorted(numbers))
    word |= bits["reclaim"]
    if word & bits["__GFP_FS"]:
        word |= bits["__GFP_IO"]
    partly = Bits(word & known, ~word & known & ALL)
    said = admits(waiting(masks), partly, classes)
    concrete = admits(waiting(masks), const(word), classes)
    assert said is None or said is concrete


@given(word=words)
def test_a_callback_that_sees_no_mask_waits_for_all(word: int) -> None:
    classes, _ = classes_of("kernel")
    assert admits(waiting(()), const(word), classes) is True


def test_an_unknown_mask_is_undecided() -> None:
    classes, bits = classes_of("kernel")
    unknown: Value = Bits()
    assert admits(waiting(classes[:1]), unknown, classes) is None
    assert admits(waiting(classes[:1]), Bits(bits["reclaim"], bits["__GFP_FS"]), classes) is False
    assert admits(waiting(classes[:2]), Bits(bits["reclaim"] | bits["__GFP_IO"]), classes) is True


def test_writers_and_short_ways_come_first() -> None:
    reader, far, near = waiting((), shared=True), waiting((), cost=9), waiting((), cost=2)
    other = waiting((), lock="struct c.d")
    place = Place("drivers/a.c", 1, 1)
    answers = [Answer(far.registered, place, place, (reader, far, other, near), ())]
    assert awaited(answers) == {"struct a.b": [near, far, reader], "struct c.d": [other]}


def test_a_mask_of_no_class_is_not_decided() -> None:
    """``__GFP_FS`` without ``__GFP_IO`` can be written, though mm never does."""
    classes, bits = classes_of("kernel")
    odd = const(bits["reclaim"] | bits["__GFP_FS"])
    assert admits(waiting(classes[:1]), odd, classes) is None
    assert admits(waiting(()), odd, classes) is True
