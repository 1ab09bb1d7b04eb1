"""The report as one page of HTML, for people who would rather look.

The page needs nothing but itself: style and script are inside, and its own policy (Content-Security-Policy)
forbids it every connection and every script but that one, by the script's hash. What comes from the sources
gets into it through Jinja's autoescape only, with control characters spelled out. `view` turns findings into
what the template shows, `sources` reads the lines around each step, `graph` and `layout` draw the lock order.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from gfplint import __version__
from gfplint.findings import Report
from gfplint.report import RuleText, statistics
from gfplint.report.html.graph import graph
from gfplint.report.html.layout import lay_out
from gfplint.report.html.sources import Sources
from gfplint.report.html.view import finding_views
from gfplint.report.layout import printable

_HERE = Path(__file__).parent
_NOTES_SHOWN = 1000
"""Notes are for looking something up; ten thousand of them are better read with ``--verbose``."""
_TABS = re.compile(r"(\t+)")


def render(report: Report, rules: Sequence[RuleText]) -> str:
    """The whole page. Source lines are read from the report's root now; files that are gone show none."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _own("page.css"), _own("page.js")
    views = finding_views(report.active, Sources(report.root), {rule.id: rule.severity for rule in rules})
    notes = statistics.unanalysed(report.notes)
    return environment.get_template("page.html.j2").render(
        version=__version__,
        style=style,
        script=script,
        policy=_policy(style, script),
        findings=views,
        rules=sorted(rules, key=lambda rule: rule.id),
        choices=_choices(report),
        graph=lay_out(graph(report.active)),
        summary=statistics.summary(report, width=1 << 20, listed=True),
        statistics=statistics.rows(report),
        comments=statistics.listing(statistics.comments(report.notes)),
        notes=statistics.listing(notes[:_NOTES_SHOWN]),
        notes_left=max(len(notes) - _NOTES_SHOWN, 0),
        report=report,
    )


def _own(name: str) -> Markup:
    """A file of this package, which goes into the page as it is."""
    return Markup((_HERE / name).read_text(encoding="utf-8"))


def _policy(style: str, script: str) -> str:
    """What the page may do: apply its style, run its script, and nothing else. Icons may be data."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _choices(report: Report) -> dict[str, dict[str, int]]:
    """For each filter, what can be chosen and how many findings have it."""
    found: dict[str, dict[str, int]] = {"rule": {}, "confidence": {}, "file": {}}
    levels = sorted({finding.confidence for finding in report.active}, reverse=True)
    found["confidence"] = {level.word: 0 for level in levels}
    for finding in sorted(report.active, key=lambda finding: (finding.rule, finding.place.path)):
        values = {"rule": finding.rule, "confidence": finding.confidence.word, "file": finding.place.path}
        for key, value in values.items():
            found[key][value] = found[key].get(value, 0) + 1
    found["file"] = dict(sorted(found["file"].items()))
    return found


def _shown(value: Any) -> Any:
    """Everything that the template prints comes by here: control characters but tabs are spelled out."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return "".join(part if part.startswith("\t") else printable(part) for part in _TABS.split(value))
    return value
