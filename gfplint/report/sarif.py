"""The report as SARIF 2.1.0: for code scanning, for archives, for comparing runs.

Built from sarif-om's classes, so that names are checked where they are made. One run; each finding is a
result whose two threads are two ``threadFlows`` of one ``codeFlow``. Paths are relative to ``%SRCROOT%``, the
kernel tree's root. There are no times, host names or process numbers in it: equal findings give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

import attr
import sarif_om as om

from gfplint import __version__
from gfplint.findings import Confidence, Finding, Note, Place, Report, Thread
from gfplint.report import RuleText
from gfplint.report.statistics import unanalysed
from gfplint.report.text import mask_lines, ordered, phrase, position

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "gfplint/v1"

# CVSS 3.1 of a deadlock that a local user's memory pressure sets off: AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H.
_SECURITY_SEVERITY = "5.5"
# SARIF's rank is 0 to 100; the steps of Confidence are spread over it.
_RANK = {Confidence.LOW: 25.0, Confidence.MEDIUM: 60.0, Confidence.HIGH: 90.0}
# The kinds of events of SARIF 2.1.0, 3.38.8, for each kind of step.
_KINDS = {
    "enter": ["enter", "function"],
    "acquire": ["acquire", "lock"],
    "call": ["call", "function"],
    "allocate": ["acquire", "memory"],
    "reclaim": ["call", "function"],
    "register": ["call", "function"],
    "callback": ["call", "function"],
    "wait": ["acquire", "lock"],
}
_CWE_VERSION = "4.15"
_CWE_NAMES = {
    362: "Concurrent Execution using Shared Resource with Improper Synchronization ('Race Condition')",
    667: "Improper Locking",
    764: "Multiple Locks of a Critical Resource",
    833: "Deadlock",
}
# For each kind of `Note`: its level, a name, and what it means for the result.
_NOTES = {
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
}
_OTHER_NOTE = ("note", "PartNotAnalysed", "This part could not be analysed.")


def render(report: Report, rules: Iterable[RuleText]) -> str:
    """The log as JSON text, ending in a newline.

    `rules` are those that the run applied, with findings or without.
    """
    log = build(report, rules)
    plain = _plain(log)
    # The reader's first question is the version; attrs put the required properties first.
    head = {key: plain.pop(key) for key in ("$schema", "version")}
    return json.dumps({**head, **plain}, indent=2, ensure_ascii=False) + "\n"


def build(report: Report, rules: Iterable[RuleText]) -> om.SarifLog:
    """The log as sarif-om objects, for those who want to add to it before it is written."""
    known = sorted(rules, key=lambda rule: rule.id)
    index = {rule.id: number for number, rule in enumerate(known)}
    severity = {rule.id: rule.severity for rule in known}
    weaknesses = sorted({number for rule in known for number in rule.cwe})
    kinds = sorted(set(_NOTES) | {note.kind for note in report.notes})
    driver = om.ToolComponent(
        name="gfplint",
        version=__version__,
        semantic_version=__version__,
        short_description=_text("Finds allocations that can deadlock with memory reclaim in Linux kernel C."),
        rules=[_rule(rule, weaknesses) for rule in known],
        notifications=[_notification_kind(kind) for kind in kinds],
        supported_taxonomies=[om.ToolComponentReference(name="CWE", index=0)] if weaknesses else None,
    )
    run = om.Run(
        tool=om.Tool(driver=driver),
        results=[
            _result(finding, index.get(finding.rule, -1), severity.get(finding.rule, "warning"))
            for finding in ordered(report.findings)
        ],
        invocations=[
            om.Invocation(
                execution_successful=True,
                tool_execution_notifications=[_notification(note, kinds) for note in _notes(report)],
            )
        ],
        taxonomies=[_cwe(weaknesses)] if weaknesses else None,
        original_uri_base_ids={ROOT: _root(report.root)} if report.root else None,
        column_kind="unicodeCodePoints",
        default_source_language="c",
        properties={"kernelVersion": report.kernel_version} if report.kernel_version else None,
    )
    return om.SarifLog(schema_uri=SCHEMA, version="2.1.0", runs=[run])


# --------------------------------------------------------------------------------------- rules


def _rule(rule: RuleText, weaknesses: Sequence[int]) -> om.ReportingDescriptor:
    return om.ReportingDescriptor(
        id=rule.id,
        name=_pascal(rule.name),
        short_description=_text(_sentence(rule.title)),
        full_description=_text(_sentence(rule.summary)),
        help=om.MultiformatMessageString(text=rule.help, markdown=rule.help),
        default_configuration=om.ReportingConfiguration(level=_level(rule.severity)),
        relationships=[
            om.ReportingDescriptorRelationship(
                target=om.ReportingDescriptorReference(
                    id=f"CWE-{number}",
                    index=weaknesses.index(number),
                    tool_component=om.ToolComponentReference(name="CWE", index=0),
                ),
                kinds=["superset"],
            )
            for number in rule.cwe
        ]
        or None,
        properties={
            "precision": "high",
            "problem.severity": {"error": "error", "warning": "warning"}.get(
                _level(rule.severity), "recommendation"
            ),
            "security-severity": _SECURITY_SEVERITY,
            "tags": [
                "security",
                "deadlock",
                "linux-kernel",
                *(f"external/cwe/cwe-{number:03}" for number in rule.cwe),
            ],
        },
    )


def _cwe(numbers: Sequence[int]) -> om.ToolComponent:
    return om.ToolComponent(
        name="CWE",
        version=_CWE_VERSION,
        organization="MITRE",
        short_description=_text("The MITRE Common Weakness Enumeration."),
        information_uri="https://cwe.mitre.org/",
        taxa=[
            om.ReportingDescriptor(
                id=f"CWE-{number}",
                short_description=_text(_sentence(_CWE_NAMES.get(number, f"CWE-{number}"))),
                help_uri=f"https://cwe.mitre.org/data/definitions/{number}.html",
            )
            for number in numbers
        ],
    )


# ------------------------------------------------------------------------------------- results


def _result(finding: Finding, rule_index: int, severity: str) -> om.Result:
    related = [(place, text) for place, text in _related(finding)]
    return om.Result(
        rule_id=finding.rule,
        rule_index=rule_index,
        level=_level(severity),
        rank=_RANK[finding.confidence],
        message=om.Message(text=_message(finding)),
        locations=[_location(finding.place, finding.function)],
        code_flows=[om.CodeFlow(thread_flows=_flows(finding))] if _flows(finding) else None,
        related_locations=[
            _location(place, "", text, number) for number, (place, text) in enumerate(related, 1)
        ]
        or None,
        partial_fingerprints={FINGERPRINT: finding.fingerprint or _fallback_fingerprint(finding)},
        properties=_properties(finding),
    )


def _message(finding: Finding) -> str:
    """What the text report says, as sentences; the first is all that some viewers show."""
    parts = [_sentence(finding.message)]
    if finding.lock:
        parts.append(
            f"Lock: {finding.lock.kind}, taken in {finding.lock.taken_in}(), {position(finding.lock.taken)}."
        )
    if finding.mask:
        parts.append(_sentence(f"Mask: {' '.join(mask_lines(finding.mask))}"))
    parts += [f"{way.name[:1].upper()}{way.name[1:]}: {_sentence(way.why)}" for way in finding.ways]
    parts += [_sentence(text) for text in (*finding.unsaved, *finding.fixes)]
    return "\n".join(parts)


def _related(finding: Finding) -> Iterable[tuple[Place, str]]:
    """Places worth a link beside the finding.

    Where the lock was taken, where the other side waits, further allocations.
    """
    if finding.lock:
        yield finding.lock.taken, f"{finding.lock.name} is taken here."
    for thread in finding.threads[1:]:
        for step in thread.steps[-1:]:
            if step.place:
                yield step.place, _sentence(phrase(step))
    for place, text in finding.also:
        yield place, _sentence(text)


def _flows(finding: Finding) -> list[om.ThreadFlow]:
    return [_flow(thread, number) for number, thread in enumerate(finding.threads, 1) if thread.steps]


def _flow(thread: Thread, number: int) -> om.ThreadFlow:
    return om.ThreadFlow(
        id=f"thread {number}",
        message=om.Message(text=_sentence(thread.title)) if thread.title else None,
        locations=[
            om.ThreadFlowLocation(
                kinds=_KINDS.get(step.kind),
                importance="essential" if step.kind in ("acquire", "allocate", "wait") else "important",
                location=_location(step.place, step.function, phrase(step)),
            )
            for step in thread.steps
        ],
    )


def _location(place: Place | None, function: str, text: str = "", number: int = -1) -> om.Location:
    return om.Location(
        id=number,
        message=om.Message(text=text) if text else None,
        physical_location=_physical(place) if place else None,
        logical_locations=[om.LogicalLocation(name=function, kind="function")] if function else None,
    )


def _physical(place: Place) -> om.PhysicalLocation:
    region = om.Region(
        start_line=place.line,
        start_column=place.column or None,
        end_column=place.end_column or None,
    )
    return om.PhysicalLocation(artifact_location=_artifact(place.path), region=region if place.line else None)


def _artifact(path: str) -> om.ArtifactLocation:
    return om.ArtifactLocation(uri=quote(os.fsencode(path)), uri_base_id=ROOT)


def _root(root: str) -> om.ArtifactLocation:
    uri = quote(os.fsencode(root)).rstrip("/")
    return om.ArtifactLocation(
        uri=f"file://{uri}/", description=om.Message(text="The root of the kernel tree.")
    )


def _properties(finding: Finding) -> dict[str, Any]:
    """What has no place of its own in SARIF, for tools that compare or filter."""
    properties: dict[str, Any] = {"confidence": finding.confidence.word, "facts": list(finding.facts)}
    if finding.lock:
        properties["lock"] = {"class": finding.lock.name, "kind": finding.lock.kind}
    if finding.mask:
        properties["mask"] = {
            "written": finding.mask.written,
            "set": list(finding.mask.flags),
            "undecided": list(finding.mask.undecided),
        }
    if finding.ways:
        properties["ways"] = [way.name for way in finding.ways]
    return properties


def _fallback_fingerprint(finding: Finding) -> str:
    """For a finding whose maker gave none: everything that stays the same when lines move."""
    lock = finding.lock.name if finding.lock else ""
    parts = (finding.rule, finding.place.path, finding.function, lock, finding.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


# ------------------------------------------------------------------------------- notifications


def _notes(report: Report) -> list[Note]:
    notes = unanalysed(report.notes)
    if report.kernel_version is None:
        notes.insert(0, Note("no-tree", "", 0, _NOTES["no-tree"][2]))
    return notes


def _notification_kind(kind: str) -> om.ReportingDescriptor:
    level, name, meaning = _NOTES.get(kind, _OTHER_NOTE)
    return om.ReportingDescriptor(
        id=kind,
        name=name,
        short_description=_text(meaning.split(". ")[0].rstrip(".") + "."),
        full_description=_text(meaning),
        help=_text(meaning),
        default_configuration=om.ReportingConfiguration(level=level),
    )


def _notification(note: Note, kinds: Sequence[str]) -> om.Notification:
    return om.Notification(
        message=om.Message(text=_sentence(note.text)),
        level=_NOTES.get(note.kind, _OTHER_NOTE)[0],
        descriptor=om.ReportingDescriptorReference(id=note.kind, index=kinds.index(note.kind)),
        locations=[_location(Place(note.path, note.line, 0), "")] if note.path else None,
    )


# --------------------------------------------------------------------------------------- words


def _text(text: str) -> om.MultiformatMessageString:
    return om.MultiformatMessageString(text=text)


def _sentence(text: str) -> str:
    """The text with a full stop; its first letter stays as it is, since it is often a function's name."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _level(severity: str) -> str:
    return severity if severity in ("error", "warning", "note") else "warning"


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.replace("_", "-").split("-"))


def _plain(value: Any) -> Any:
    """sarif-om objects as dicts under their names in the standard, without what equals its defaults.

    A level is always written, because some readers know no defaults.
    """
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if not attr.has(type(value)):
        return value
    plain = {}
    kind: Any = type(value)
    for name, key, default in _properties_of(kind):
        item = getattr(value, name)
        if item is not None and (item != default or name == "level"):
            plain[key] = _plain(item)
    return plain


@cache
def _properties_of(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """For each attribute of a sarif-om class: its name, the standard's name, and the standard's default."""
    found = []
    for field in attr.fields(kind):
        factory = getattr(field.default, "factory", None)
        default = factory() if factory else field.default
        found.append((field.name, field.metadata["schema_property_name"], default))
    return tuple(found)
