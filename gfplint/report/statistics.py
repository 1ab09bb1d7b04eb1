"""What a run did, in numbers.

The summary line, ``--statistics``, and the list of what could not be analysed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields

from gfplint.findings import Note, Report, Statistics
from gfplint.report.layout import count, printable, wrap

NOTE_KINDS = {
    "unresolved-call": ("call without a known target", "calls without a known target"),
    "unresolved-callback": (
        "registration whose callback is unknown",
        "registrations whose callback is unknown",
    ),
    "unreadable-file": ("unreadable file", "unreadable files"),
    "syntax": ("function with a syntax error", "functions with a syntax error"),
    "budget": ("question given up as too large", "questions given up as too large"),
    "no-tree": ("run without a kernel tree", "runs without a kernel tree"),
}
"""For each kind of `Note`, what one and several of it are called.

A kind that is missing here is printed as it is.
"""

_LABELS = {
    "files_analysed": "files analysed",
    "files_read": "files read",
    "functions_listed": "functions that were needed",
    "functions_lowered": "functions lowered",
    "functions_with_errors": "functions with a syntax error inside",
    "functions_evaluated": "functions evaluated",
    "callbacks": "callbacks of reclaim",
    "callbacks_left_out": "of them, callbacks that can't matter here",
    "locks": "locks they wait for",
    "calls_direct": "calls, direct",
    "calls_one_target": "calls through pointers, one target",
    "calls_few_targets": "calls through pointers, a few targets",
    "calls_many_targets": "calls through pointers, many targets",
    "calls_no_target": "calls through pointers, no target",
}


COMMENT_KINDS = {"suppression": "error", "unused-suppression": "warning"}
"""The kinds of `Note` about comments for gfplint, which are always printed, with their levels."""


def unanalysed(notes: Iterable[Note]) -> list[Note]:
    """The notes about what could not be analysed, sorted.

    `no-tree` is about the run, and the summary has a sentence for it; `comments` has the others.
    """
    return sorted(note for note in notes if note.kind != "no-tree" and note.kind not in COMMENT_KINDS)


def comments(notes: Iterable[Note]) -> list[Note]:
    """The notes about comments for gfplint that are wrong or useless, by place."""
    return sorted(
        (note for note in notes if note.kind in COMMENT_KINDS),
        key=lambda note: (note.path, note.line, note.kind, note.text),
    )


def count_notes(notes: Iterable[Note]) -> list[str]:
    """``3 calls without a known target`` and so on: a phrase for each kind, in the order of `NOTE_KINDS`."""
    numbers = Counter(note.kind for note in unanalysed(notes))
    order = {kind: position for position, kind in enumerate(NOTE_KINDS)}
    kinds = sorted(numbers, key=lambda kind: (order.get(kind, len(order)), kind))
    return [count(numbers[kind], *NOTE_KINDS.get(kind, (kind, kind))) for kind in kinds]


def _callbacks(numbers: Statistics) -> str:
    callbacks, locks = count(numbers.callbacks, "callback"), count(numbers.locks, "lock")
    if numbers.callbacks_left_out:
        followed = numbers.callbacks - numbers.callbacks_left_out
        return f"{callbacks} of reclaim, of which {followed} matter here; {locks} they wait for."
    return f"{callbacks} of reclaim, {locks} {'it waits' if numbers.callbacks == 1 else 'they wait'} for."


def summary(report: Report, *, width: int = 80, listed: bool = False) -> list[str]:
    """The last lines of a text report: findings, files, callbacks, what was not analysed, and a missing tree.

    `listed` says that what couldn't be analysed was printed, so that the hint about ``--verbose`` is left
    out.
    """
    numbers = report.statistics
    sentences = [f"{_findings(report)} in {count(numbers.files_analysed, 'file')}{_tree(report)}."]
    sentences.append(_callbacks(numbers))
    phrases = count_notes(report.notes)
    if phrases:
        hint = "" if listed else " (--verbose lists them)"
        sentences.append(f"Not analysed: {', '.join(phrases)}{hint}.")
    if report.kernel_version is None:
        sentences.append(
            "There was no kernel tree around these files: what they call elsewhere is known only as far as "
            "the API models go, and masks have built-in values (--kernel DIR names a tree)."
        )
    text = [sentence[0].upper() + sentence[1:] for sentence in sentences]
    return [line for sentence in text for line in wrap(sentence, width, hang=2)]


def statistics(report: Report) -> list[str]:
    """The rows as lines: names aligned to the left, numbers to the right."""
    table = rows(report)
    wide = max(len(label) for label, _ in table)
    digits = max(len(number) for _, number in table if not number.endswith("%"))
    return [f"{label:<{wide}}  {number:>{digits}}" for label, number in table]


def rows(report: Report) -> list[tuple[str, str]]:
    """Every count of `Statistics` under its name, the notes by kind, the share that was understood."""
    counts = [
        (_LABELS.get(f.name, f.name.replace("_", " ")), getattr(report.statistics, f.name))
        for f in fields(report.statistics)
    ]
    numbers = Counter(note.kind for note in unanalysed(report.notes))
    counts += [
        (f"not analysed: {NOTE_KINDS.get(kind, ('', kind))[1]}", numbers[kind]) for kind in sorted(numbers)
    ]
    table = [(label, f"{number:,}") for label, number in counts]
    listed, lowered = report.statistics.functions_listed, report.statistics.functions_lowered
    if listed:
        clean = max(lowered - report.statistics.functions_with_errors, 0)
        table.append(("functions lowered without an error", _percent(clean, listed)))
    return table


def _percent(part: int, whole: int) -> str:
    """Hundredths of a per cent, cut and not rounded: 99.995 % is not all."""
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def listing(notes: Sequence[Note]) -> list[str]:
    """One line for each thing that couldn't be analysed, as compilers print notes.

    ``path:line: note: text [kind]``.
    """
    lines = []
    for note in notes:
        where = f"{note.path}:{note.line}: " if note.line else f"{note.path}: " if note.path else ""
        level = COMMENT_KINDS.get(note.kind, "note")
        lines.append(printable(f"{where}{level}: {note.text} [{note.kind}]"))
    return lines


def _findings(report: Report) -> str:
    """``2 new findings (3 unchanged, 1 absent, 1 suppressed)``: those that count, then those that don't."""
    known = [finding for finding in report.findings if finding.suppression is None and not finding.active]
    others = {
        "unchanged": sum(finding.baseline == "unchanged" for finding in known),
        "updated": sum(finding.baseline == "updated" for finding in known),
        "absent": len(report.absent or ()),
        "suppressed": sum(finding.suppression is not None for finding in report.findings),
    }
    words = [f"{number:,} {word}" for word, number in others.items() if number]
    noun = "finding" if report.absent is None else "new finding"
    return count(len(report.active), noun) + (f" ({', '.join(words)})" if words else "")


def _tree(report: Report) -> str:
    return f" of Linux {printable(report.kernel_version)}" if report.kernel_version else ""
