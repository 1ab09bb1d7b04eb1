"""A report doesn't depend on how many processes made it, nor on the order of the paths."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from gfplint import api
from gfplint.findings import Confidence, Report

KERNEL = Path(__file__).resolve().parent.parent / "testdata" / "kernel"


def check(*paths: Path, jobs: int = 1) -> Report:
    return api.check(api.CheckOptions(paths, jobs=jobs, min_confidence=Confidence.LOW))


@pytest.fixture(scope="module")
def alone() -> Report:
    return check(KERNEL)


@pytest.mark.parametrize("jobs", [2, 3])
def test_processes_make_no_difference(alone: Report, jobs: int) -> None:
    together = check(KERNEL, jobs=jobs)
    assert together.findings == alone.findings
    assert together.notes == alone.notes
    assert together.statistics == alone.statistics
    assert together == alone


def test_the_order_of_paths_makes_no_difference() -> None:
    folders = sorted(KERNEL.glob("drivers/shrinker_*"))
    one, other = check(*folders), check(*reversed(folders))
    assert len(one.findings) > 10
    assert (one.findings, one.notes, one.statistics) == (other.findings, other.notes, other.statistics)


def test_the_collector_works_again_after_a_check() -> None:
    check(KERNEL / "drivers" / "shrinker_deep")
    assert gc.isenabled()
