"""The report as JSON, for programs that want what the text says without SARIF's detours.

docs/json.md describes it for its readers and `SCHEMA` for their validators. `VERSION` is raised when a
property goes away, is renamed or means something else; new properties come without. Everything that a
finding has is in it, also what the other reports leave out: findings that are allowed in the sources or known
from a baseline. There are no times and no host names in it: equal findings give equal bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from gfplint import __version__
from gfplint.findings import Confidence, Finding, Lock, Mask, Note, Place, Report, Step, Thread
from gfplint.report import RuleText
from gfplint.report.statistics import summary
from gfplint.report.text import ordered

VERSION = 1
SCHEMA = Path(__file__).parent / f"json-{VERSION}.schema.json"


def render(report: Report, rules: Sequence[RuleText]) -> str:
    """The whole report as one JSON object, indented, its keys in the order of docs/json.md."""
    return json.dumps(_valid(build(report, rules)), indent=2, ensure_ascii=False) + "\n"


def build(report: Report, rules: Sequence[RuleText]) -> dict[str, Any]:
    """The report as JSON's types, for those who want to add to it."""
    severities = {rule.id: rule.severity for rule in rules}
    return {
        "version": VERSION,
        "tool": {"name": "gfplint", "version": __version__},
        "root": report.root,
        "kernel_version": report.kernel_version,
        "paths": list(report.paths),
        "rules": [_rule(rule) for rule in sorted(rules, key=lambda rule: rule.id)],
        "findings": [
            _finding(finding, severities.get(finding.rule, "warning")) for finding in ordered(report.findings)
        ],
        "notes": [_note(note) for note in sorted(report.notes)],
        "statistics": {f.name: getattr(report.statistics, f.name) for f in fields(report.statistics)},
        "summary": _summary(report),
    }


def _summary(report: Report) -> dict[str, Any]:
    active = report.active
    by_rule = Counter(finding.rule for finding in active)
    by_confidence = Counter(finding.confidence for finding in active)
    return {
        "findings": len(active),
        "by_rule": {rule: by_rule[rule] for rule in sorted(by_rule)},
        "by_confidence": {level.word: by_confidence[level] for level in sorted(Confidence, reverse=True)},
        "suppressed": sum(finding.suppression is not None for finding in report.findings),
        "absent": len(report.absent) if report.absent is not None else None,
        "text": summary(report, width=1 << 20),
    }


def _rule(rule: RuleText) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "severity": rule.severity,
        "title": rule.title,
        "summary": rule.summary,
        "cwe": list(rule.cwe),
    }


def _finding(finding: Finding, severity: str) -> dict[str, Any]:
    suppression = finding.suppression
    return {
        "rule": finding.rule,
        "severity": severity,
        "confidence": finding.confidence.word,
        "active": finding.active,
        "message": finding.message,
        "function": finding.function,
        "place": _place(finding.place),
        "lock": _lock(finding.lock) if finding.lock else None,
        "mask": _mask(finding.mask) if finding.mask else None,
        "threads": [_thread(thread) for thread in finding.threads],
        "ways": [{"name": way.name, "why": way.why} for way in finding.ways],
        "flags": list(finding.unsaved),
        "fixes": list(finding.fixes),
        "facts": list(finding.facts),
        "also": [{"place": _place(place), "text": text} for place, text in finding.also],
        "fingerprint": finding.fingerprint,
        "suppression": (
            {"place": _place(suppression.place), "reason": suppression.reason} if suppression else None
        ),
        "baseline": finding.baseline or None,
    }


def _lock(lock: Lock) -> dict[str, Any]:
    return {
        "class": lock.name,
        "kind": lock.kind,
        "taken": _place(lock.taken),
        "taken_in": lock.taken_in,
    }


def _mask(mask: Mask) -> dict[str, Any]:
    return {
        "written": mask.written,
        "set": list(mask.flags),
        "undecided": list(mask.undecided),
        "words": mask.words,
    }


def _thread(thread: Thread) -> dict[str, Any]:
    return {"title": thread.title, "steps": [_step(step) for step in thread.steps]}


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "function": step.function,
        "text": step.text,
        "place": _place(step.place) if step.place else None,
    }


def _place(place: Place) -> dict[str, Any]:
    """Lines and columns that aren't known are null, not 0."""
    return {
        "path": place.path,
        "line": place.line or None,
        "column": place.column or None,
        "end_column": place.end_column or None,
    }


def _note(note: Note) -> dict[str, Any]:
    return {"kind": note.kind, "path": note.path or None, "line": note.line or None, "text": note.text}


def _valid(value: Any) -> Any:
    """The value with every byte of a file name that is no UTF-8 spelled out.

    Python keeps such bytes as lone surrogates, which many JSON readers refuse.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_valid(item) for item in value]
    if isinstance(value, dict):
        return {key: _valid(item) for key, item in value.items()}
    return value
