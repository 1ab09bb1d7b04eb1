"""The report as a compiler prints it, for editors and for the kernel's build.

A finding is a warning with the rule in brackets, as ``-Wname`` stands behind gcc's; notes follow it: the
mask, each step of each thread, further allocations. Every line is a place, so that editors can jump along the
two threads. What the text report says beyond that (ways, fixes, facts) is left out: a compiler's warning is
short.
"""

from __future__ import annotations

from collections.abc import Iterator

from gfplint.findings import Finding, Place, Report, Step, Thread
from gfplint.report.layout import printable
from gfplint.report.paths import reachable
from gfplint.report.statistics import COMMENT_KINDS, comments, unanalysed
from gfplint.report.text import mask_lines, ordered, phrase, thread_title


def render(report: Report, *, verbose: bool = False, folder: str = "") -> str:
    """One line for each warning and note; nothing where there is no finding.

    Paths are relative to `folder` ("": the current one) or absolute. Comments for gfplint that are wrong are
    always listed; `verbose` adds what couldn't be analysed, as notes.
    """
    lines = [line for finding in ordered(report.active) for line in _finding(finding, report.root, folder)]
    for note in [*comments(report.notes), *(unanalysed(report.notes) if verbose else ())]:
        place = Place(note.path, note.line, 0) if note.path else None
        severity = COMMENT_KINDS.get(note.kind, "note")
        lines.append(_line(place, severity, f"{note.text} [{note.kind}]", report.root, folder))
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Finding, root: str | None, folder: str) -> Iterator[str]:
    yield _line(finding.place, "warning", f"{finding.message} [{finding.rule}]", root, folder)
    notes: list[tuple[Place, str]] = []
    if finding.mask:
        notes.append((finding.place, f"mask {' '.join(mask_lines(finding.mask))}"))
    for number, thread in enumerate(finding.threads, 1):
        notes += _thread(thread, number if len(finding.threads) > 1 else 0, finding.place)
    notes += [(place, f"also: {text}") for place, text in finding.also]
    notes.append((finding.place, f"confidence {finding.confidence.word}; gfplint --explain {finding.rule}"))
    for place, text in notes:
        yield _line(place, "note", text, root, folder)


def _thread(thread: Thread, number: int, otherwise: Place) -> Iterator[tuple[Place, str]]:
    """A note for each step with a place; `number` is 0 where there is one thread only.

    A step of the kernel's core has none: it is told with the next one that has, or with the last.
    """
    title = thread_title(thread, number)
    yield (
        next((step.place for step in thread.steps if step.place), otherwise),
        title,
    )
    grouped: list[tuple[Place, list[Step]]] = []
    waiting: list[Step] = []
    for step in thread.steps:
        waiting.append(step)
        if step.place:
            grouped.append((step.place, waiting))
            waiting = []
    if waiting and grouped:
        grouped[-1][1].extend(waiting)
    elif waiting:
        grouped.append((otherwise, waiting))
    for place, steps in grouped:
        text = "; ".join(phrase(step) for step in steps)
        yield place, f"thread {number}: {text}" if number else text


def _line(place: Place | None, severity: str, text: str, root: str | None, folder: str) -> str:
    """``file:line:column: severity: text`` in one line; ``gfplint: …`` for what has no place."""
    if place is None:
        return printable(f"gfplint: {severity}: {text}")
    where = reachable(root, place.path, folder)
    for number in (place.line, place.column):
        where += f":{number}" if number else ""
    return printable(f"{where}: {severity}: {text}")
