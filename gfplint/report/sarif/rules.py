"""What a log says of the rules: their texts, how GitHub ranks them, the weaknesses they are kinds of."""

from __future__ import annotations

from collections.abc import Sequence

import sarif_om as om

from gfplint.report import RuleText
from gfplint.report.sarif.limits import tags
from gfplint.report.sarif.words import level, sentence, text_of

# CVSS 3.1 of a deadlock that a local user's memory pressure sets off: AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H.
_SECURITY_SEVERITY = "5.5"
_CWE_VERSION = "4.15"
_CWE_NAMES = {
    362: "Concurrent Execution using Shared Resource with Improper Synchronization ('Race Condition')",
    459: "Incomplete Cleanup",
    667: "Improper Locking",
    764: "Multiple Locks of a Critical Resource",
    833: "Deadlock",
}


def rule_descriptor(rule: RuleText, weaknesses: Sequence[int]) -> om.ReportingDescriptor:
    """A rule, related to its entries among ``weaknesses``."""
    return om.ReportingDescriptor(
        id=rule.id,
        name=_pascal(rule.name),
        short_description=text_of(sentence(rule.title)),
        full_description=text_of(sentence(rule.summary)),
        help=om.MultiformatMessageString(text=rule.help, markdown=rule.help),
        default_configuration=om.ReportingConfiguration(level=level(rule.severity)),
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
                level(rule.severity), "recommendation"
            ),
            "security-severity": _SECURITY_SEVERITY,
            "tags": tags(
                [
                    "security",
                    *(["deadlock"] if 833 in rule.cwe else []),
                    "linux-kernel",
                    *(f"external/cwe/cwe-{number:03}" for number in rule.cwe),
                ]
            ),
        },
    )


def weaknesses_taxonomy(numbers: Sequence[int]) -> om.ToolComponent:
    """The entries of the CWE that rules are related to."""
    return om.ToolComponent(
        name="CWE",
        version=_CWE_VERSION,
        organization="MITRE",
        short_description=text_of("The MITRE Common Weakness Enumeration."),
        information_uri="https://cwe.mitre.org/",
        taxa=[
            om.ReportingDescriptor(
                id=f"CWE-{number}",
                short_description=text_of(sentence(_CWE_NAMES.get(number, f"CWE-{number}"))),
                help_uri=f"https://cwe.mitre.org/data/definitions/{number}.html",
            )
            for number in numbers
        ],
    )


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.replace("_", "-").split("-"))
