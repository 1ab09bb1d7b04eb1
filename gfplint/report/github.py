"""The report as GitHub's workflow commands: annotations beside the changed lines of a pull request.

GitHub shows at most ten errors, ten warnings and ten notices of a step and drops the rest, so the surest
findings come first. The escapes are those of the runner's toolkit (``escapeData``, ``escapeProperty``):
nothing in a message or a file name can end the command or begin another.
"""

from __future__ import annotations

import os

from gfplint.findings import Confidence, Finding, Note, Place, Report
from gfplint.report.layout import printable
from gfplint.report.paths import reachable
from gfplint.report.statistics import COMMENT_KINDS, comments, summary
from gfplint.report.text import mask_lines, ordered, phrase, position, thread_title

# By the rule's severity, then by confidence: a finding that may well be wrong must not look like an error.
_LEVELS = {
    "error": {Confidence.HIGH: "error", Confidence.MEDIUM: "warning", Confidence.LOW: "notice"},
    "warning": {Confidence.HIGH: "warning", Confidence.MEDIUM: "warning", Confidence.LOW: "notice"},
}


def render(report: Report, severities: dict[str, str], *, folder: str = "") -> str:
    """One command for each finding, the surest first, then the summary as plain lines.

    `severities` maps rules to SARIF's levels. Paths are relative to `folder`; without one, to the workflow's
    checkout (``GITHUB_WORKSPACE``), which is what GitHub resolves them by, or else the current folder.
    """
    base = folder or os.environ.get("GITHUB_WORKSPACE", "")
    findings = sorted(ordered(report.active), key=lambda finding: -finding.confidence)
    lines = [_annotation(f, severities.get(f.rule, "warning"), report.root, base) for f in findings]
    lines += [_comment(note, report.root, base) for note in comments(report.notes)]
    # The runner reads commands of an older kind anywhere in a line.
    lines += [printable(line).replace("##[", "## [") for line in summary(report, width=1 << 20)]
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding, severity: str, root: str | None, folder: str) -> str:
    level = _LEVELS.get(severity, {}).get(finding.confidence, "notice")
    title = f"{finding.rule} ({finding.confidence.word} confidence)"
    return _command(level, finding.place, title, _message(finding), root, folder)


def _comment(note: Note, root: str | None, folder: str) -> str:
    place = Place(note.path, note.line, 0) if note.path else None
    return _command(COMMENT_KINDS[note.kind], place, note.kind, note.text, root, folder)


def _command(level: str, place: Place | None, title: str, text: str, root: str | None, folder: str) -> str:
    """``::level file=…,line=…,endLine=…,col=…,endColumn=…,title=…::text``; what isn't known is left out."""
    properties: dict[str, str | int] = {}
    if place is not None:
        properties = {
            "file": reachable(root, place.path, folder),
            "line": place.line,
            "endLine": place.line,
            "col": place.column,
            # The runner wants the last column that is meant, not the one behind it.
            "endColumn": place.end_column - 1 if place.end_column else 0,
        }
    properties["title"] = title
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{level} {given}::{_data(text)}"


def _message(finding: Finding) -> str:
    """What the text report says, one thing a line; an annotation is shown without wrapping."""
    lines = [f"{finding.message}."]
    if finding.mask:
        lines.append(f"mask: {' '.join(mask_lines(finding.mask))}")
    for number, thread in enumerate(finding.threads, 1):
        lines += ["", thread_title(thread, number if len(finding.threads) > 1 else 0)]
        for step in thread.steps:
            lines.append(f"- {phrase(step)}{f' ({position(step.place)})' if step.place else ''}")
    lines += ["", *(f"{way.name}: {way.why}" for way in finding.ways), *finding.unsaved]
    lines += [f"fix: {fix}" for fix in finding.fixes]
    lines += [f"also {position(place)}: {text}" for place, text in finding.also]
    lines.append(f"gfplint --explain {finding.rule} tells more.")
    return "\n".join(printable(line) for line in lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
