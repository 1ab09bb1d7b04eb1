"""What the options ask for: how to check (`check_options`) and how to print (`Display`).

Everything that can be said about a wrong value without reading C is said here, before any work.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplint.command import rules as naming
from gfplint.errors import UsageError

if TYPE_CHECKING:
    from gfplint.api import CheckOptions

NARROWEST, WIDEST, PIPE_WIDTH = 40, 120, 80


@dataclass(frozen=True, slots=True)
class Display:
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


def display(given: dict[str, Any]) -> Display:
    """How to print. Raises `UsageError` where the output file can't become one."""
    output: Path | None = given["output_file"]
    if output == Path("-"):
        output = None
    if output is not None:
        from gfplint.output import check_writable

        check_writable(output)
        _must_differ(output, given)
    terminal = output is None and sys.stdout is not None and sys.stdout.isatty()
    width = PIPE_WIDTH
    if terminal:
        width = min(max(shutil.get_terminal_size((PIPE_WIDTH, 24)).columns, NARROWEST), WIDEST)
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    colour = {"always": True, "never": False}.get(given["colour"], terminal and not plain)
    return Display(given["output_format"], output, given["statistics"], given["verbose"], colour, width)


def _must_differ(output: Path, given: dict[str, Any]) -> None:
    """The report must not replace what the run reads. An old report, the baseline, it may."""
    for name in ("config", "kconfig", "diff"):
        source = given.get(name)
        if source is not None and output.exists() and Path(source).exists() and output.samefile(source):
            raise UsageError(f"The output file {output} is also the --{name}: a report must not replace it.")


def check_options(paths: tuple[Path, ...], given: dict[str, Any]) -> CheckOptions:
    """The options of the analysis, checked as far as the command can.

    Paths that exist, rules that there are.
    """
    changing = given["diff"] is not None or given["since"] is not None
    if changing and (given["show_locks"] or given["dump"] is not None):
        raise UsageError("--diff and --since choose findings: --show-locks and --dump have none.")
    if not paths and not changing:
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
    naming.must_be_folders(given["rules_dirs"])
    select, ignore = _selection(given)
    changes = None
    if changing:
        from gfplint.changes.load import load

        changes = load(given["diff"], given["since"], paths, given["kernel"])
    reach = changes is not None and not paths
    if reach and changes is not None:
        paths = tuple(path for path, _ in changes.files) or (given["kernel"] or Path(),)

    from gfplint.api import CheckOptions
    from gfplint.findings import Confidence

    return CheckOptions(
        paths=paths,
        kernel=given["kernel"],
        kconfig=given["kconfig"],
        arch=given["arch"],
        jobs=given["jobs"] or len(os.sched_getaffinity(0)),
        select=select,
        ignore=ignore,
        min_confidence=Confidence[given["min_confidence"].upper()],
        rules_dirs=given["rules_dirs"],
        progress=None,
        baseline=given["baseline"],
        changes=changes,
        reach=reach,
        cache=cache_folder(given) if given["cache"] else None,
        warn=warn,
    )


def cache_folder(given: dict[str, Any]) -> Path:
    """Where answers are kept; `UsageError` for a file."""
    folder: Path | None = given["cache_dir"]
    if folder is None:
        from gfplint.cache.store import default_folder

        return default_folder()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--cache-dir must name a folder, and {folder} is none.")
    return folder


def warn(sentence: str) -> None:
    """Tell the user something that changes no result."""
    from gfplint.output import write_stderr

    write_stderr(f"gfplint: {sentence}\n")


def _selection(given: dict[str, Any]) -> tuple[frozenset[str] | None, frozenset[str]]:
    """What ``--select`` (None: all rules) and ``--ignore`` name; `UsageError` where nothing is left."""
    select, ignore = naming.words(given["select"]), naming.words(given["ignore"])
    for name, words in (("select", select), ("ignore", ignore)):
        if given[name] and not words:
            raise UsageError(f"--{name} is empty: it must name rules.")
    if not select and not ignore:
        return None, frozenset()
    rules = naming.load(given["rules_dirs"])
    chosen = frozenset(naming.identities(select, rules)) if select else None
    ignored = frozenset(naming.identities(ignore, rules))
    if not (chosen if chosen is not None else {rule.id for rule in rules}) - ignored:
        raise UsageError("No rule is left: --ignore takes away all that --select named.")
    return chosen, ignored


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
