"""Every option of the command, in the order and under the headings in which ``--help`` lists them.

Declarations only. What an option's value means is decided in `gfplint.command.settings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gfplint import __version__
from gfplint.errors import UsageError
from gfplint.report import formats

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

INSTEAD, CONFIGURATION, HELP = "Instead of a report", "Configuration", "Help"
STAGES = ("ir", "calls", "locks", "masks")


class Option(click.Option):
    """An option, with the heading that it stands under in ``--help``.

    A configuration file may set it if `in_file`. `writes` marks a path that something is written to.
    """

    def __init__(
        self, *names: str, group: str, in_file: bool = True, writes: bool = False, **settings: Any
    ) -> None:
        super().__init__(names, **settings)
        self.group = group
        self.in_file = in_file and group not in (INSTEAD, CONFIGURATION, HELP)
        self.writes = writes


class Command(click.Command):
    """A command that lists its options by their headings, and takes defaults from a configuration file."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """As in `click.Command`; a configuration file comes between the command line and the defaults."""
        if not context.resilient_parsing:
            from gfplint.command import config

            given, _, met = self.make_parser(context).parse_args(args=list(args))
            self._must_not_be_empty(given)
            if not any(parameter.is_eager for parameter in met):  # --help, which a broken file must not stop
                context.obj = config.load(self, context, given)
                context.default_map = None if context.obj is None else context.obj.values
        return super().parse_args(context, args)

    def _must_not_be_empty(self, given: Mapping[str, Any]) -> None:
        """An empty word (a shell variable that isn't set) is neither the current folder nor no value."""
        for option in self.params:
            value = given.get(option.name or "")
            values = value if isinstance(value, list | tuple) else (value,)
            if isinstance(option, Option) and "" in values:
                raise UsageError(f"{max(option.opts, key=len)} is empty: give it a value or leave it out.")

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, as `click.Command` would, in one section for each heading."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(context):
            record = parameter.get_help_record(context)
            if record is not None and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "group", HELP), []).append(record)
        groups[HELP] = groups.pop(HELP, [])  # last, where click puts its --help
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records, col_max=32)
        settable = [name for name in groups if name not in (INSTEAD, CONFIGURATION, HELP)]
        with formatter.section("Configuration file"):
            formatter.write_text(
                f"Options under {', '.join(settable[:-1])} and {settable[-1]} can also be set in "
                ".gfplint.toml, or in [tool.gfplint] of pyproject.toml: keys are the long names without the "
                "dashes."
            )


def _paths(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[Path, ...]:
    """The arguments as paths. An empty one (a shell variable that isn't set) doesn't mean this folder."""
    del context, parameter
    if "" in given:
        raise UsageError("One of the paths is empty; name C files or folders.")
    return tuple(Path(path) for path in given)


def _version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    del parameter
    if wanted and not context.resilient_parsing:
        click.echo(f"gfplint {__version__}")
        context.exit()


def _rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from gfplint.command import completion

    return completion.rules(context, parameter, incomplete)


PATHS = click.Argument(["paths"], nargs=-1, metavar="PATH...", callback=_paths, type=click.Path())

OPTIONS = (
    # ------------------------------------------------------------------------ what to look for
    Option(
        "--select",
        group="Rules",
        metavar="RULES",
        multiple=True,
        shell_complete=_rules,
        help="Apply only these rules (ids or names, comma-separated).",
    ),
    Option(
        "--ignore",
        group="Rules",
        metavar="RULES",
        multiple=True,
        shell_complete=_rules,
        help="Don't apply these rules.",
    ),
    Option(
        "--min-confidence",
        group="Rules",
        type=click.Choice(["low", "medium", "high"]),
        default="medium",
        show_default=True,
        help="Report only findings that are at least this sure.",
    ),
    Option(
        "--rules",
        "rules_dirs",
        group="Rules",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="DIR",
        help="Also read rules and API models from DIR.",
    ),
    # -------------------------------------------------------------------------- the kernel tree
    Option(
        "--kernel",
        group="Kernel",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Root of the kernel tree. Default: found from PATH upwards.",
    ),
    Option(
        "--kconfig",
        group="Kernel",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Decide #if by this .config. Default: everything is on.",
    ),
    Option(
        "--arch",
        group="Kernel",
        default="x86",
        show_default=True,
        metavar="ARCH",
        help="Architecture whose definition counts where several have one.",
    ),
    # ------------------------------------------------------------------------------ what changed
    Option(
        "--diff",
        group="Changes",
        metavar="FILE",
        help="Report only what this diff touches (-: from standard input). The tree has it applied. "
        "Default for PATH: the files that it concerns.",
    ),
    Option(
        "--since",
        group="Changes",
        metavar="REV",
        help="Report only what changed in the git tree since REV, uncommitted changes included.",
    ),
    # ------------------------------------------------------------------------------- the report
    Option(
        "--output-format",
        group="Report",
        type=click.Choice(list(formats.FORMATS)),
        default="text",
        show_default=True,
        help="Format of the report.",
    ),
    Option(
        "-o",
        "--output-file",
        group="Report",
        type=click.Path(path_type=Path, readable=False),
        metavar="FILE",
        writes=True,
        help="Write to FILE, whole or not at all, and only the summary to standard error.",
    ),
    Option(
        "--baseline",
        group="Report",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Compare with this older SARIF log: report, and fail for, only what is new.",
    ),
    Option(
        "--statistics/--no-statistics",
        group="Report",
        help="Also print what was read and how much of it was understood.",
    ),
    Option("-v", "--verbose/--no-verbose", group="Report", help="Also list what could not be analysed."),
    Option(
        "--color",
        "colour",
        group="Report",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour the text; auto: on a terminal, unless NO_COLOR is set.",
    ),
    # ------------------------------------------------------------------------------ how to work
    Option(
        "-j",
        "--jobs",
        group="Work",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes to use. Default: one for each CPU.",
    ),
    Option(
        "--cache-dir",
        group="Work",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Keep answers for the next run in DIR. Default: $GFPLINT_CACHE_DIR, or below ~/.cache.",
    ),
    Option(
        "--cache/--no-cache",
        default=True,
        group="Work",
        help="Whether to use and keep answers of earlier runs; they never change the result.",
    ),
    Option(
        "--clear-cache",
        group="Work",
        is_flag=True,
        help="First remove all that is kept; without a PATH do only that.",
    ),
    # ----------------------------------------------------------- something else than a report
    Option(
        "--show-locks",
        group=INSTEAD,
        is_flag=True,
        help="List the callbacks of reclaim and the locks that each waits for.",
    ),
    Option(
        "--dump",
        group=INSTEAD,
        type=click.Choice(STAGES),
        help="Print what a stage made of PATH (or PATH:FUNCTION).",
    ),
    Option("--list-rules", group=INSTEAD, is_flag=True, help="List the rules."),
    Option(
        "--explain",
        group=INSTEAD,
        metavar="RULE",
        shell_complete=_rules,
        help="Print a rule's manual page.",
    ),
    # --------------------------------------------------------------------------------- settings
    Option(
        "--config",
        group=CONFIGURATION,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read settings from FILE. Default: .gfplint.toml, or pyproject.toml with [tool.gfplint], "
        "found from the first PATH upwards, then from the current folder.",
    ),
    Option(
        "--no-config",
        group=CONFIGURATION,
        is_flag=True,
        help="Read no configuration file.",
    ),
    Option(
        "--version",
        group=HELP,
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help="Show the version and exit.",
    ),
)
