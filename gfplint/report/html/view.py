"""What the page shows of a finding: its threads as lanes, who holds what in them, and who waits for whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gfplint.findings import Finding, Step, Thread
from gfplint.report.html.sources import Line, Sources
from gfplint.report.text import mask_lines, ordered

_TAKES = re.compile(r"takes (?P<lock>.+)|.*, holding (?P<held>[^,]+)")
_WAITS = re.compile(r"waits for (?P<lock>.+)")
_PREFIX = re.compile(r"thread \d+(: *|$)", re.IGNORECASE)

KINDS = {
    "enter": "kernel",
    "acquire": "lock",
    "call": "call",
    "allocate": "allocation",
    "reclaim": "reclaim",
    "register": "before",
    "callback": "callback",
    "wait": "waits",
    "save": "scope",
    "restore": "scope",
}
"""A word for each kind of step, to be read beside its colour."""


@dataclass(frozen=True, slots=True)
class StepView:
    """A step with the source lines around it. ``says`` is the step's text without the function's name."""

    step: Step
    says: str
    word: str
    lines: Sequence[Line]
    last: bool
    waits: Wait | None = None


@dataclass(slots=True)
class Held:
    """A stretch of a lane, to its end, in which a lock is held. Its first item is the step that takes it."""

    lock: str
    items: list[StepView | Held] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Lane:
    """A thread: its number from 1, its title without that number, steps and stretches in order of time."""

    number: int
    title: str
    items: Sequence[StepView | Held]


@dataclass(frozen=True, slots=True)
class Wait:
    """An arrow: one thread, at its end, waits for something that another one has."""

    waiting: int
    holder: int
    what: str
    short: str

    @property
    def adjacent(self) -> bool:
        """Whether the two lanes stand beside each other."""
        return abs(self.waiting - self.holder) == 1

    @property
    def gutter(self) -> int:
        """For adjacent lanes, the number of the left one."""
        return min(self.waiting, self.holder)


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding as the page has it; ``key`` names it in the page's address, ``number`` in the graph."""

    finding: Finding
    number: int
    key: str
    severity: str
    lanes: Sequence[Lane]
    waits: Sequence[Wait]
    mask: Sequence[str]


def finding_views(
    findings: Iterable[Finding], sources: Sources, severities: Mapping[str, str]
) -> list[FindingView]:
    """The surest first, then by place: the order in which somebody with little time should look."""
    views: list[FindingView] = []
    keys: set[str] = set()
    for number, finding in enumerate(by_confidence(findings)):
        key = re.sub(r"[^0-9A-Za-z]", "", finding.fingerprint)[:12] or str(number)
        while key in keys:
            key += "x"
        keys.add(key)
        waits = waits_of(finding)
        views.append(
            FindingView(
                finding,
                number,
                key,
                severities.get(finding.rule, "warning"),
                [
                    _lane(thread, position, waits, sources)
                    for position, thread in enumerate(finding.threads, 1)
                ],
                waits,
                mask_lines(finding.mask) if finding.mask else (),
            )
        )
    return views


def by_confidence(findings: Iterable[Finding]) -> list[Finding]:
    """The page's order."""
    return sorted(ordered(findings), key=lambda finding: -finding.confidence)


def taken(step: Step) -> str:
    """The lock that the step takes and its thread keeps, or ""."""
    match = _TAKES.fullmatch(step.text) if step.kind in ("acquire", "enter") else None
    return (match["lock"] or match["held"]) if match else ""


def awaited(step: Step) -> str:
    """The lock that the step waits for, or ""."""
    match = _WAITS.fullmatch(step.text) if step.kind == "wait" else None
    return match["lock"] if match else ""


def title_of(thread: Thread) -> str:
    """What the thread is, without its number."""
    return _PREFIX.sub("", thread.title, count=1)


def waits_of(finding: Finding) -> list[Wait]:
    """Who waits for whom at the end. A thread that waits for nothing another one has gets no arrow."""
    found: list[Wait] = []
    for number, thread in enumerate(finding.threads, 1):
        if not thread.steps:
            continue
        last = thread.steps[-1]
        if lock := awaited(last):
            holders = [
                position
                for position, other in enumerate(finding.threads, 1)
                if position != number and any(taken(step) == lock for step in other.steps)
            ]
            if holders:
                found.append(Wait(number, holders[0], lock, lock.rpartition(" ")[2]))
        elif last.kind in ("reclaim", "allocate") and len(finding.threads) > 1:
            # Memory comes from whoever runs the callback.
            freeing = [
                position
                for position, other in enumerate(finding.threads, 1)
                if position != number and any(step.kind in ("register", "callback") for step in other.steps)
            ]
            if freeing:
                found.append(Wait(number, freeing[0], "memory", "memory"))
    return found


def _lane(thread: Thread, number: int, waits: Sequence[Wait], sources: Sources) -> Lane:
    """The steps, those after a lock was taken inside the stretch in which it is held."""
    outer: list[StepView | Held] = []
    items = outer
    wait = next((wait for wait in waits if wait.waiting == number), None)
    for position, step in enumerate(thread.steps, 1):
        last = position == len(thread.steps)
        if lock := taken(step):
            held = Held(lock)
            items.append(held)
            items = held.items
        says = step.text.removeprefix(f"{step.function}()").lstrip() if step.function else step.text
        lines = sources.around(step.place) if step.place else ()
        word = KINDS.get(step.kind, step.kind)
        items.append(StepView(step, says, word, lines, last, wait if last else None))
    return Lane(number, title_of(thread), outer)
