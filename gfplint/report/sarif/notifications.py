"""What a log says of the run itself: what could not be analysed, and comments that are wrong."""

from __future__ import annotations

from collections.abc import Iterable

import sarif_om as om

from gfplint.findings import Note, Place, Report
from gfplint.report.sarif.limits import Room
from gfplint.report.sarif.places import Base
from gfplint.report.sarif.words import sentence, text_of
from gfplint.report.statistics import comments, unanalysed

# For each kind of `Note`: its level, a name, and what it means for the result.
NOTES = {
    "unresolved-call": (
        "note",
        "UnresolvedCallTarget",
        "A call through a pointer for which no stored function was found. What it does is unknown, so a "
        "deadlock behind it would be missed.",
    ),
    "unresolved-callback": (
        "note",
        "UnresolvedReclaimCallback",
        "A callback of reclaim is registered here, but which function it is could not be found. Locks that "
        "it waits for are unknown.",
    ),
    "unreadable-file": (
        "warning",
        "UnreadableSourceFile",
        "The file could not be read, so nothing in it was analysed.",
    ),
    "syntax": (
        "warning",
        "FunctionWithSyntaxError",
        "A part of this function could not be parsed. Locks and allocations in that part are unknown.",
    ),
    "budget": (
        "warning",
        "QuestionGivenUp",
        "A question about this code took more steps than a run may spend on one, and was given up.",
    ),
    "no-tree": (
        "note",
        "NoKernelTree",
        "There was no kernel tree around the files: only the API models and built-in masks were used.",
    ),
    "suppression": (
        "error",
        "SuppressionNotHonoured",
        "A comment that is meant to allow a finding doesn't say which rule, or why, or in the right words. "
        "It allows nothing.",
    ),
    "unused-suppression": (
        "warning",
        "UnusedSuppression",
        "A comment allows a rule's findings where the run has none. It can go.",
    ),
    "cut": (
        "warning",
        "LeftOut",
        "Something was left out of this log, to keep the limits of code scanning.",
    ),
}
_OTHER_NOTE = ("note", "PartNotAnalysed", "This part could not be analysed.")


class Notifications:
    """Everything that a log says of the run itself.

    ``kinds`` describes each kind once; ``execution`` is about what could not be analysed, ``configuration``
    about comments for gfplint in the sources.
    """

    def __init__(self, report: Report, base: Base, room: Room, said: Iterable[str]) -> None:
        self._base = base
        cut = [Note("cut", "", 0, text) for text in said]
        tree = [Note("no-tree", "", 0, NOTES["no-tree"][2])] if report.kernel_version is None else []
        notes = unanalysed(report.notes) if room.notes else []
        wrong = comments(report.notes)
        self._ids = sorted(set(NOTES) | {note.kind for note in notes})
        self.kinds = [_kind(kind) for kind in self._ids]
        self.execution = [self._notification(note) for note in (*cut, *tree, *notes)]
        self.configuration = [self._notification(note) for note in wrong]

    def _notification(self, note: Note) -> om.Notification:
        place = Place(note.path, note.line, 0)
        return om.Notification(
            message=om.Message(text=sentence(note.text)),
            level=NOTES.get(note.kind, _OTHER_NOTE)[0],
            descriptor=om.ReportingDescriptorReference(id=note.kind, index=self._ids.index(note.kind)),
            locations=[self._base.location(place)] if note.path else None,
        )


def _kind(kind: str) -> om.ReportingDescriptor:
    level, name, meaning = NOTES.get(kind, _OTHER_NOTE)
    return om.ReportingDescriptor(
        id=kind,
        name=name,
        short_description=text_of(sentence(meaning.split(". ")[0])),
        full_description=text_of(meaning),
        help=text_of(meaning),
        default_configuration=om.ReportingConfiguration(level=level),
    )
