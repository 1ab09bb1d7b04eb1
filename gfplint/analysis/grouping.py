"""Many matches that are one problem are one finding: the best witness is reported, the others are listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gfplint.findings import Confidence, Finding
from gfplint.program.anchors import Spot
from gfplint.program.program import FunctionRef


@dataclass(frozen=True, slots=True)
class Match:
    """A finding with what makes it the same as another: the lock and the allocating call; or, where the lock
    isn't the callback's own, the lock and the ``callback``.
    """

    finding: Finding
    lock: str
    site: Spot
    callback: FunctionRef | None


def grouped(matches: Iterable[Match], lowest: Confidence) -> list[Finding]:
    """One finding for each problem. Those below ``lowest`` are no part of another one."""
    by_site: dict[tuple[str, str, Spot, bool], list[Match]] = {}
    for match in matches:
        # What is allowed in one function must not stand for what isn't in another.
        finding = match.finding
        key = (finding.rule, match.lock, match.site, finding.active)
        by_site.setdefault(key, []).append(match)
    by_call: dict[tuple[object, ...], Finding] = {}
    by_callback: dict[tuple[object, ...], list[Finding]] = {}
    for (rule, lock, _, active), same in by_site.items():
        finding = _merged([match.finding for match in same], "gets to the same allocation with the lock held")
        callback = same[0].callback
        if callback is None or finding.confidence < lowest:
            keep_best(by_call, (rule, finding.place, finding.lock, active), finding)
        else:
            by_callback.setdefault((rule, lock, callback, active), []).append(finding)
    shared = [_merged(same, "allocates with the lock held") for same in by_callback.values()]
    return [*by_call.values(), *shared]


def _merged(same: list[Finding], what: str) -> Finding:
    """One finding for one problem: an allocation under a lock, however many functions get there with the lock
    held; or a callback that waits for a lock of others, however many of them allocate under it. ``what`` is
    said of the others.
    """
    best, *rest = sorted(same, key=_quality)
    others = {
        *best.also,
        *((each.place, f"{each.function}() {what}") for each in rest if each.place != best.place),
    }
    return replace(
        best,
        also=tuple(sorted(others, key=lambda each: (each[0].path, each[0].line, each[0].column, each[1]))),
    )


def keep_best(best: dict[tuple[object, ...], Finding], key: tuple[object, ...], finding: Finding) -> None:
    """Keep a finding under a key, unless a better one is there."""
    known = best.get(key)
    if known is None or _quality(finding) < _quality(known):
        best[key] = finding


def _quality(finding: Finding) -> tuple[object, ...]:
    return (
        -finding.confidence,
        sum(len(thread.steps) for thread in finding.threads),
        finding.place.path,
        finding.place.line,
        finding.place.column,
    )
