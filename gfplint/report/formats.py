"""The formats of ``--output-format``: for each name, what turns a report into that format's text.

Every renderer has one signature, `Renderer`: a report and how it is to be shown come in, the finished text
goes out. Each stands in a module of its own, imported when its format was asked for. To add a format, write
the module and add a line to `FORMATS`; the command's choices and its help follow. The command reads the names
at every start, so nothing is imported here but what it needs anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gfplint.findings import Report
    from gfplint.report import RuleText

    Renderer = Callable[["Report", "Display"], str]


def _no_rules() -> Sequence[RuleText]:
    return ()


@dataclass(frozen=True, slots=True)
class Display:
    """What a renderer may want to know besides the report.

    ``width`` counts characters. ``verbose`` asks for what couldn't be analysed, ``statistics`` for the
    counts, where a format can leave them out. ``rules`` gives the rules that were applied; reading them takes
    time, so it is called only by formats that say something about rules.
    """

    width: int = 80
    colour: bool = False
    verbose: bool = False
    statistics: bool = False
    rules: Callable[[], Sequence[RuleText]] = _no_rules


def _text(report: Report, display: Display) -> str:
    from gfplint.report import text

    return text.render(
        report,
        width=display.width,
        colour=display.colour,
        verbose=display.verbose,
        with_statistics=display.statistics,
    )


def _sarif(report: Report, display: Display) -> str:
    from gfplint.report import sarif

    return sarif.render(report, list(display.rules()))


def _json(report: Report, display: Display) -> str:
    from gfplint.report import json_report

    return json_report.render(report, display.rules())


def _github(report: Report, display: Display) -> str:
    from gfplint.report import github

    return github.render(report, {rule.id: rule.severity for rule in display.rules()})


def _gcc(report: Report, display: Display) -> str:
    from gfplint.report import gcc

    return gcc.render(report, verbose=display.verbose)


def _html(report: Report, display: Display) -> str:
    from gfplint.report import html

    return html.render(report, display.rules())


FORMATS: Mapping[str, Renderer] = {
    "text": _text,
    "sarif": _sarif,
    "json": _json,
    "github": _github,
    "gcc": _gcc,
    "html": _html,
}
"""By name, in the order in which ``--help`` lists them."""
