"""The command: arguments in, exit status out. No analysis here.

Exit status: 0 without findings, 1 with findings, 2 for everything that went wrong, 130 after an interrupt.
Everything that is printed for a person about an error is one sentence after ``gfplint: ``; a traceback is
shown only with ``GFPLINT_DEBUG=1``.

Modules that do the work are imported where they are used: ``gfplint --version`` and ``--help`` must not wait
for them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gfplint import __version__
from gfplint.errors import GfplintError, UsageError
from gfplint.report import formats

if TYPE_CHECKING:
    from gfplint.api import CheckOptions
    from gfplint.findings import Report
    from gfplint.report import RuleText

NARROWEST, WIDEST, PIPE_WIDTH = 40, 120, 80
STAGES = ("ir", "calls", "locks", "masks")


@dataclass(frozen=True, slots=True)
class _Display:
    """How to print: which format and how much of it, where to, how wide, with colour or without."""

    format: str
    output: Path | None
    statistics: bool
    verbose: bool
    colour: bool
    width: int

    def emit(self, text: str) -> None:
        """Hand the finished text to its file or to standard output."""
        from gfplint import output

        if self.output is None:
            output.write_stdout(text)
        else:
            output.write_file(self.output, text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (the process's own by default) and return its exit status."""
    try:
        status = command.main(arguments, prog_name="gfplint", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        return _fail(f"{_as_sentence(error.format_message())} 'gfplint --help' lists the options.", error)
    except GfplintError as error:
        return _fail(str(error), error)
    except BrokenPipeError:
        return 2
    except Exception as error:  # whatever it is, the user gets a sentence
        return _fail(_internal(error), error)


# ------------------------------------------------------------------------------------- command


def _paths(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[Path, ...]:
    """The arguments as paths. An empty one (a shell variable that isn't set) doesn't mean this folder."""
    del context, parameter
    if "" in given:
        raise UsageError("One of the paths is empty; name C files or folders.")
    return tuple(Path(path) for path in given)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("paths", nargs=-1, metavar="PATH...", callback=_paths)
@click.option(
    "--select", metavar="RULES", multiple=True, help="Apply only these rules (ids or names, comma-separated)."
)
@click.option("--ignore", metavar="RULES", multiple=True, help="Don't apply these rules.")
@click.option(
    "--min-confidence",
    type=click.Choice(["low", "medium", "high"]),
    default="medium",
    show_default=True,
    help="Report only findings that are at least this sure.",
)
@click.option(
    "--output-format",
    type=click.Choice(list(formats.FORMATS)),
    default="text",
    show_default=True,
    help="Format of the report.",
)
@click.option(
    "-o",
    "--output-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE, whole or not at all, and only the summary to standard error.",
)
@click.option(
    "--kernel",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Root of the kernel tree. Default: found from PATH upwards.",
)
@click.option(
    "--kconfig",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Decide #if by this .config. Default: everything is on.",
)
@click.option(
    "--arch",
    default="x86",
    show_default=True,
    metavar="ARCH",
    help="Architecture whose definition counts where several have one.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes to use. Default: one for each CPU.",
)
@click.option(
    "--rules",
    "rules_dirs",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Also read rules and API models from DIR.",
)
@click.option(
    "--statistics", is_flag=True, help="Also print what was read and how much of it was understood."
)
@click.option("-v", "--verbose", is_flag=True, help="Also list what could not be analysed.")
@click.option(
    "--color",
    "colour",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour the text; auto: on a terminal, unless NO_COLOR is set.",
)
@click.option(
    "--show-locks", is_flag=True, help="List the callbacks of reclaim and the locks that each waits for."
)
@click.option("--dump", type=click.Choice(STAGES), help="Print what a stage made of PATH (or PATH:FUNCTION).")
@click.option("--list-rules", is_flag=True, help="List the rules.")
@click.option("--explain", metavar="RULE", help="Print a rule's manual page.")
@click.version_option(__version__, message="%(prog)s %(version)s")
def command(paths: tuple[Path, ...], **given: Any) -> int:
    """Find allocations in Linux kernel C that can deadlock with memory reclaim.

    PATHs are C files or folders, inside a kernel tree or on their own. The exit status is 0 without findings,
    1 with findings, 2 if something went wrong.
    """
    modes = {
        "--show-locks": given["show_locks"],
        "--dump": given["dump"] is not None,
        "--list-rules": given["list_rules"],
        "--explain": given["explain"] is not None,
    }
    chosen = [name for name, wanted in modes.items() if wanted]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} print different things: give one of them.")
    if chosen and given["output_format"] != "text":
        raise UsageError(f"{chosen[0]} prints text only, not {given['output_format']}.")
    display = _display(given)
    if given["list_rules"] or given["explain"] is not None:
        return _help(given, display)
    options = _options(paths, given)
    try:
        if given["dump"] is not None:
            return _dump(given["dump"], options, display)
        return _show_locks(options, display) if given["show_locks"] else _check(options, display)
    except KeyboardInterrupt:  # click would print an empty line
        return 130


def _check(options: CheckOptions, display: _Display) -> int:
    """Analyse and report."""
    from gfplint import api
    from gfplint.progress import ProgressBar

    with ProgressBar() as bar:
        report = api.check(replace(options, progress=bar))
    display.emit(_rendered(report, options, display))
    if display.output is not None or (display.format != "text" and display.statistics):
        _aside(report, display)
    return 1 if report.findings else 0


def _rendered(report: Report, options: CheckOptions, display: _Display) -> str:
    return formats.FORMATS[display.format](
        report,
        formats.Display(
            width=display.width,
            colour=display.colour,
            verbose=display.verbose,
            statistics=display.statistics,
            rules=lambda: _applied(options),
        ),
    )


def _aside(report: Report, display: _Display) -> None:
    """The summary on standard error, where the report itself went elsewhere."""
    from gfplint.output import write_stderr
    from gfplint.report import statistics

    lines = statistics.statistics(report) if display.statistics and display.format != "text" else []
    lines += statistics.summary(report) if display.output is not None else []
    write_stderr("".join(f"{line}\n" for line in lines))


def _show_locks(options: CheckOptions, display: _Display) -> int:
    from gfplint import api
    from gfplint.progress import ProgressBar
    from gfplint.report import locks

    with ProgressBar() as bar:
        callbacks = api.show_locks(replace(options, progress=bar))
    display.emit(locks.render(callbacks, width=display.width, colour=display.colour))
    return 0


def _dump(stage: str, options: CheckOptions, display: _Display) -> int:
    from gfplint import api
    from gfplint.progress import ProgressBar

    with ProgressBar() as bar:
        text = api.dump(stage, replace(options, progress=bar))
    display.emit(text if not text or text.endswith("\n") else f"{text}\n")
    return 0


def _help(given: dict[str, Any], display: _Display) -> int:
    from gfplint.report import help as pages

    rules = _rules(given["rules_dirs"])
    if given["explain"] is None:
        display.emit(pages.list_rules(rules, width=display.width, colour=display.colour))
    else:
        (identity,) = _identities([given["explain"]], rules)
        rule = next(rule for rule in rules if rule.id == identity)
        display.emit(pages.explain(rule, width=display.width, colour=display.colour))
    return 0


# ------------------------------------------------------------------------------------- options


def _display(given: dict[str, Any]) -> _Display:
    output: Path | None = given["output_file"]
    if output == Path("-"):
        output = None
    if output is not None:
        from gfplint.output import check_writable

        check_writable(output)
    terminal = output is None and sys.stdout is not None and sys.stdout.isatty()
    width = PIPE_WIDTH
    if terminal:
        width = min(max(shutil.get_terminal_size((PIPE_WIDTH, 24)).columns, NARROWEST), WIDEST)
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    colour = {"always": True, "never": False}.get(given["colour"], terminal and not plain)
    return _Display(given["output_format"], output, given["statistics"], given["verbose"], colour, width)


def _options(paths: tuple[Path, ...], given: dict[str, Any]) -> CheckOptions:
    """The options of the analysis, checked as far as the command can.

    Paths that exist, rules that there are.
    """
    if not paths:
        if not given["show_locks"]:
            raise UsageError(
                "There is nothing to check: name C files or folders. 'gfplint --help' lists the options."
            )
        paths = (given["kernel"] or Path(),)
    for path in paths:
        _must_exist(_without_function(path) if given["dump"] else path, "There is no file or folder {}.")
    if given["kernel"] is not None and not given["kernel"].is_dir():
        raise UsageError(f"--kernel must name a kernel tree, and {given['kernel']} is no folder.")
    if given["kconfig"] is not None:
        _must_exist(given["kconfig"], "--kconfig must name a .config, and there is no file {}.")
    for folder in given["rules_dirs"]:
        if not folder.is_dir():
            raise UsageError(f"--rules must name a folder of rules, and {folder} is none.")
    select, ignore = _words(given["select"]), _words(given["ignore"])
    chosen: frozenset[str] | None = None
    ignored: frozenset[str] = frozenset()
    if select or ignore:
        rules = _rules(given["rules_dirs"])
        chosen = frozenset(_identities(select, rules)) if select else None
        ignored = frozenset(_identities(ignore, rules))
        if not (chosen if chosen is not None else {rule.id for rule in rules}) - ignored:
            raise UsageError("No rule is left: --ignore takes away all that --select named.")

    from gfplint.api import CheckOptions
    from gfplint.findings import Confidence

    return CheckOptions(
        paths=paths,
        kernel=given["kernel"],
        kconfig=given["kconfig"],
        arch=given["arch"],
        jobs=given["jobs"] or len(os.sched_getaffinity(0)),
        select=chosen,
        ignore=ignored,
        min_confidence=Confidence[given["min_confidence"].upper()],
        rules_dirs=given["rules_dirs"],
        progress=None,
    )


def _must_exist(path: Path, sentence: str) -> None:
    try:
        path.stat()
    except FileNotFoundError:
        raise UsageError(sentence.format(path)) from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.") from error


def _without_function(path: Path) -> Path:
    """``drivers/x.c`` of ``drivers/x.c:probe``; a file whose name has a colon keeps it."""
    file, colon, _ = str(path).rpartition(":")
    return Path(file) if colon and not path.exists() else path


def _words(given: Iterable[str]) -> list[str]:
    return [word for text in given for word in (part.strip() for part in text.split(",")) if word]


# --------------------------------------------------------------------------------------- rules


def _rules(folders: tuple[Path, ...]) -> list[RuleText]:
    """The bundled rules and those of `folders`, by id."""
    from gfplint.resources import rules_directory
    from gfplint.rules import Rules

    return list(Rules.load((rules_directory(), *folders)))


def _applied(options: CheckOptions) -> list[RuleText]:
    """The rules that a run with these options applies."""
    rules = _rules(options.rules_dirs)
    return [
        rule
        for rule in rules
        if (options.select is None or rule.id in options.select) and rule.id not in options.ignore
    ]


def _identities(words: Iterable[str], rules: Sequence[RuleText]) -> list[str]:
    """The ids of the rules that the words name, by id or by name, in whatever case."""
    known = {rule.name.casefold(): rule.id for rule in rules} | {
        rule.id.casefold(): rule.id for rule in rules
    }
    found = []
    for word in words:
        identity = known.get(word.casefold())
        if identity is None:
            import difflib

            near = difflib.get_close_matches(word.casefold(), known, 1, 0.5)
            hint = f" Did you mean {known[near[0]]}?" if near else ""
            raise UsageError(f"There is no rule {word}.{hint} 'gfplint --list-rules' lists them.")
        found.append(identity)
    return found


# -------------------------------------------------------------------------------------- errors


def _fail(sentence: str, error: Exception) -> int:
    """Tell the user, with a traceback only for those who asked for it; 2."""
    from gfplint.output import write_stderr
    from gfplint.report.layout import printable

    if os.environ.get("GFPLINT_DEBUG"):
        import traceback

        write_stderr("".join(traceback.format_exception(error)))
    lines = sentence.splitlines() or [type(error).__name__]
    write_stderr("".join(f"gfplint: {printable(line)}\n" for line in lines))
    return 2


def _internal(error: Exception) -> str:
    """One sentence for an error that nobody foresaw: what, where in gfplint, and what to report."""
    place = "an unknown place"
    traceback = error.__traceback__
    while traceback is not None:
        path = Path(traceback.tb_frame.f_code.co_filename)
        if "gfplint" in path.parts:
            inside = path.parts[len(path.parts) - path.parts[::-1].index("gfplint") :]
            place = f"{'/'.join(inside)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    what = " ".join(str(error).split())[:200]
    return (
        f"Internal error in {place}: {type(error).__name__}{f': {what}' if what else ''}. "
        "This is a bug in gfplint: please report this line, the command and the kernel version "
        "(GFPLINT_DEBUG=1 shows a traceback to add)."
    )


def _as_sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!")) else f"{text}."
