"""What the command does: check and report, or print something else. Each returns the exit status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplint.command import rules as naming
from gfplint.command.settings import Display

if TYPE_CHECKING:
    from gfplint.api import CheckOptions
    from gfplint.findings import Report


def check(options: CheckOptions, display: Display) -> int:
    """Analyse and report: 1 with findings that call for action, 0 without."""
    from gfplint import api
    from gfplint.progress import ProgressBar

    with ProgressBar() as bar:
        report = api.check(replace(options, progress=bar))
    display.emit(_rendered(report, options, display))
    if display.output is not None or (display.format != "text" and display.statistics):
        _aside(report, display)
    return 1 if report.active else 0


def _rendered(report: Report, options: CheckOptions, display: Display) -> str:
    from gfplint.report import formats

    return formats.FORMATS[display.format](
        report,
        formats.Display(
            width=display.width,
            colour=display.colour,
            verbose=display.verbose,
            statistics=display.statistics,
            rules=lambda: naming.applied(options),
        ),
    )


def _aside(report: Report, display: Display) -> None:
    """The summary on standard error, where the report itself went elsewhere."""
    from gfplint.output import write_stderr
    from gfplint.report import statistics

    lines = statistics.statistics(report) if display.statistics and display.format != "text" else []
    lines += statistics.summary(report) if display.output is not None else []
    write_stderr("".join(f"{line}\n" for line in lines))


def show_locks(options: CheckOptions, display: Display) -> int:
    """List the callbacks of reclaim and their locks."""
    from gfplint import api
    from gfplint.progress import ProgressBar
    from gfplint.report import locks

    with ProgressBar() as bar:
        callbacks = api.show_locks(replace(options, progress=bar))
    display.emit(locks.render(callbacks, width=display.width, colour=display.colour))
    return 0


def dump(stage: str, options: CheckOptions, display: Display) -> int:
    """Print what one stage made of the paths."""
    from gfplint import api
    from gfplint.progress import ProgressBar

    with ProgressBar() as bar:
        text = api.dump(stage, replace(options, progress=bar))
    display.emit(text if not text or text.endswith("\n") else f"{text}\n")
    return 0


def clear_cache(folder: Path) -> None:
    """Remove what earlier runs kept."""
    from gfplint import api
    from gfplint.command.settings import warn

    api.clear_cache(folder, warn)


def list_rules(given: dict[str, Any], display: Display) -> int:
    """List the rules."""
    from gfplint.report import help as pages

    rules = naming.load(given["rules_dirs"])
    display.emit(pages.list_rules(rules, width=display.width, colour=display.colour))
    return 0


def explain(given: dict[str, Any], display: Display) -> int:
    """Print a rule's manual page."""
    from gfplint.report import help as pages

    rules = naming.load(given["rules_dirs"])
    (identity,) = naming.identities([given["explain"]], rules)
    rule = next(rule for rule in rules if rule.id == identity)
    display.emit(pages.explain(rule, width=display.width, colour=display.colour))
    return 0
