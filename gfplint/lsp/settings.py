"""The editor's settings, as arguments of the command.

An editor sends a table, as initialization options or as the section ``gfplint`` of its configuration. Its
keys are the long names of the command's options, ``min-confidence`` or as editors like it ``minConfidence``.
They become arguments, so that the command's own parser checks them, and its configuration file counts where
they say nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gfplint.api import CheckOptions

NAMES = ("arch", "config", "ignore", "jobs", "kconfig", "kernel", "min-confidence", "rules", "select")
"""The options that mean something in an editor."""
_OTHERS = frozenset({"trace"})
"""Keys that belong to the editor's side of the protocol."""


def arguments(settings: object) -> tuple[tuple[str, ...], list[str]]:
    """The arguments that the settings stand for, and a sentence for each key that is none of ours or has a
    value of the wrong kind. None and an empty table say nothing.
    """
    given: list[str] = []
    wrong: list[str] = []
    if settings is None:
        return (), []
    if not isinstance(settings, Mapping):
        return (), ["The settings of gfplint must be a table of options."]
    for key in sorted(settings, key=str):
        name = _dashed(str(key))
        if name in _OTHERS or settings[key] is None:
            continue
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, 1)
            hint = f" Did you mean {near[0]!r}?" if near else f" There are {', '.join(NAMES)}."
            wrong.append(f"gfplint has no setting {str(key)!r}.{hint}")
            continue
        words = _words(settings[key])
        if words is None:
            wrong.append(f"The setting {name!r} of gfplint must be a text or a list of texts.")
            continue
        given += [f"--{name}={word}" for word in words if word]
    return tuple(given), wrong


def options(arguments: Sequence[str], paths: Sequence[Path]) -> CheckOptions:
    """What the command makes of these arguments and paths.

    Raises :class:`gfplint.errors.GfplintError`.
    """
    import click

    from gfplint.cli import command
    from gfplint.command import failure
    from gfplint.command.settings import check_options
    from gfplint.errors import UsageError

    try:
        context = command.make_context("gfplint", [*arguments, "--", *map(str, paths)])
    except click.ClickException as error:
        raise UsageError(failure.as_sentence(error.format_message())) from error
    given = dict(context.params)
    try:
        return check_options(given.pop("paths"), given)
    except UsageError as error:
        if context.obj is None:
            raise
        raise UsageError(context.obj.blame(str(error))) from error


def _dashed(key: str) -> str:
    """``minConfidence``, ``min_confidence`` → ``min-confidence``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", key).replace("_", "-").lower()


def _words(value: object) -> list[str] | None:
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool) or not isinstance(item, (str, int)) for item in items):
        return None
    return [str(item) for item in items]
