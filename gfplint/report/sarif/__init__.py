"""The report as SARIF 2.1.0: for code scanning, for archives, for comparing runs.

Built from sarif-om's classes, so that names are checked where they are made. One run; each finding is a
result whose two threads are two ``threadFlows`` of one ``codeFlow``. It has no times, host names or process
numbers: equal findings in equal trees give equal bytes.

`rules`, `results`, `notifications` and `places` make the parts, `limits` knows how much GitHub takes, and
`plain` makes JSON of it all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sarif_om as om

from gfplint import __version__
from gfplint.findings import Report
from gfplint.identity import Sources
from gfplint.output import write_stderr
from gfplint.report import RuleText
from gfplint.report.sarif.limits import Room
from gfplint.report.sarif.notifications import Notifications
from gfplint.report.sarif.places import Base
from gfplint.report.sarif.plain import plain
from gfplint.report.sarif.results import Results
from gfplint.report.sarif.rules import rule_descriptor, weaknesses_taxonomy
from gfplint.report.sarif.words import text_of
from gfplint.report.statistics import unanalysed
from gfplint.report.text import ordered

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# There is no page about gfplint to name. Validators want an address, and this one is true.
_ABOUT = "data:text/plain,gfplint%20--help%20and%20gfplint%20--explain%20RULE%20tell%20about%20gfplint."


def render(
    report: Report,
    rules: Iterable[RuleText],
    *,
    room: Room | None = None,
    tell: Callable[[str], None] = write_stderr,
) -> str:
    """The log as JSON text, ending in a newline.

    `rules` are those that the run applied, with findings or without. `tell` gets a line for each kind of
    thing that there was no `room` for.
    """
    known = sorted(rules, key=lambda rule: rule.id)
    sources = Sources(report.root)
    smaller: Room | None = room or Room()
    while smaller is not None:
        given = smaller
        findings, absent = given.kept(report)
        said = given.said(report, len(findings) + absent, len(unanalysed(report.notes)))
        text = _json(_build(report, known, sources, given, said))
        smaller = given.smaller(text, len(findings) + absent)
    for sentence in said:
        tell(f"gfplint: {sentence}\n")
    return text


def _json(log: om.SarifLog) -> str:
    found = plain(log)
    # The reader's first question is the version; attrs put the required properties first.
    head = {key: found.pop(key) for key in ("$schema", "version")}
    return json.dumps({**head, **found}, indent=2, ensure_ascii=False) + "\n"


def _build(
    report: Report, rules: Sequence[RuleText], sources: Sources, room: Room, said: Sequence[str]
) -> om.SarifLog:
    base = Base(report.root, report.paths)
    weaknesses = sorted({number for rule in rules for number in rule.cwe})
    notifications = Notifications(report, base, room, said)
    driver = om.ToolComponent(
        name="gfplint",
        full_name=f"gfplint {__version__}",
        version=__version__,
        semantic_version=__version__,
        information_uri=_ABOUT,
        short_description=text_of(
            "Finds allocations that can deadlock with memory reclaim in Linux kernel C."
        ),
        rules=[rule_descriptor(rule, weaknesses) for rule in rules],
        notifications=notifications.kinds,
        supported_taxonomies=[om.ToolComponentReference(name="CWE", index=0)] if weaknesses else None,
    )
    run = om.Run(
        tool=om.Tool(driver=driver),
        automation_details=base.automation(report.paths),
        results=_results(report, rules, base, sources, room),
        invocations=[
            om.Invocation(
                execution_successful=True,
                tool_execution_notifications=notifications.execution,
                tool_configuration_notifications=notifications.configuration,
            )
        ],
        taxonomies=[weaknesses_taxonomy(weaknesses)] if weaknesses else None,
        original_uri_base_ids=base.definitions(),
        version_control_provenance=base.provenance(),
        column_kind="unicodeCodePoints",
        default_source_language="c",
        properties={"kernelVersion": report.kernel_version} if report.kernel_version else None,
    )
    return om.SarifLog(schema_uri=SCHEMA, version="2.1.0", runs=[run])


def _results(
    report: Report, rules: Sequence[RuleText], base: Base, sources: Sources, room: Room
) -> list[Any]:
    index = {rule.id: number for number, rule in enumerate(rules)}
    results = Results(base, sources, index, {rule.id: rule.severity for rule in rules})
    findings, absent = room.kept(report)
    carried = (report.absent or [])[:absent]
    return [
        *(results.of(finding) for finding in ordered(findings)),
        *(results.absent(result) for result in carried),
    ]
