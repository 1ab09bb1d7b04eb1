"""Settings from a file: ``.gfplint.toml``, or ``[tool.gfplint]`` in ``pyproject.toml``.

What comes in: the command (its options are the one truth about names, types and choices) and the words of the
command line. What goes out: a `Config`, whose values click takes where the command line says nothing.

Errors are `ConfigError`, with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gfplint.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from gfplint.toml import Table

OWN_NAME, SHARED_NAME = ".gfplint.toml", "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file that was read: values by parameter, and where each key stands in it."""

    path: Path
    values: dict[str, Any]
    by_key: dict[str, Any]
    places: dict[str, str]
    """``file:line`` by key."""

    def blame(self, sentence: str) -> str:
        """The sentence, with the places of the keys that it speaks of, as options or by their values."""
        guilty = [
            f"{key!r} is set in {place}."
            for key, place in self.places.items()
            if any(re.search(rf"(?<!\S){re.escape(word)}(?![\w-])", sentence) for word in self._words(key))
        ]
        return " ".join([sentence, *guilty])

    def _words(self, key: str) -> list[str]:
        value = self.by_key[key]
        items = value if isinstance(value, list) else [value]
        named = [word for item in items if isinstance(item, str) for word in re.split(r"\s*,\s*", item)]
        return [f"--{key}", *filter(None, named)]


def load(command: click.Command, context: click.Context, given: Mapping[str, Any]) -> Config | None:
    """The configuration for a command line whose words the parser sorted into `given`, or None.

    ``--config`` names the file. Else it is looked for from the first PATH upwards, then from the current
    folder.
    """
    named = given.get("config")
    if named is not None and given.get("no_config"):
        raise UsageError("--config and --no-config contradict each other: give one of them.")
    if given.get("no_config"):
        return None
    if named is not None:
        path = Path(named)
        table = _table(path, must=True)
        return None if table is None else _read(command, context, path, table, trusted=True)
    words = given.get("paths")
    first = words[0] if isinstance(words, tuple | list) and words else ""
    for start in (Path(str(first)), Path()):
        found = find(start)
        if found is not None:
            return _read(command, context, *found, trusted=False)
    return None


def find(start: Path) -> tuple[Path, Table] | None:
    """The nearest configuration in the folder `start`, or that of the file `start`, or above it."""
    try:
        start = start.resolve()
        folders = [start, *start.parents]
    except (OSError, RuntimeError):  # a loop of links: said elsewhere, as an error of the path
        return None
    for folder in folders:
        for name in (OWN_NAME, SHARED_NAME):
            path = folder / name
            table = _table(path, must=False)
            if table is not None:
                return path, table
    return None


def _table(path: Path, *, must: bool) -> Table | None:
    """The table of gfplint's settings in the file, or None where the file or the table isn't there."""
    try:
        regular = path.is_file()
    except OSError:
        regular = False
    if not regular:
        if must:
            what = "is a folder" if path.is_dir() else "is no file" if path.exists() else "doesn't exist"
            raise UsageError(f"The configuration file {path} {what}.")
        return None
    shared = path.name == SHARED_NAME
    if shared and not must and not _speaks_of_gfplint(path):
        return None

    from gfplint.toml import read_toml

    table = read_toml(path, ConfigError)
    if not shared and not (must and "tool" in table):
        return table
    inner = table.within("tool", "gfplint")
    if inner is None and must:
        raise ConfigError(f"{path}: there is no table [tool.gfplint].")
    return inner


def _speaks_of_gfplint(path: Path) -> bool:
    """Whether it is worth parsing: other programs' files are neither read strictly nor complained about."""
    try:
        return b"gfplint" in path.read_bytes()
    except OSError:
        return False


def _read(
    command: click.Command, context: click.Context, path: Path, table: Table, *, trusted: bool
) -> Config:
    """The values of a table, each checked by the option that it is for."""
    known = keys(command)
    values: dict[str, Any] = {}
    by_key: dict[str, Any] = {}
    places: dict[str, str] = {}
    for key in table:
        option = known.get(key)
        if option is None:
            other = _only_on_the_command_line(command, key)
            if other is not None:
                table.fail(f"{key!r} {other} and is for the command line only", key)
            table.unknown("key", key, known)
        assert option.name is not None
        if option.name in values:
            table.fail(f"{key!r} contradicts another key of this table", key)
        value = _checked(option, key, table)
        if is_path(option):
            value = _based(value, path.absolute().parent)
            if getattr(option, "writes", False) and not trusted:
                _must_stay_inside(value, path.absolute().parent, key, table)
        try:
            option.type_cast_value(context, value)
        except click.BadParameter as error:
            table.fail(f"{key!r} can't be {value!r}: {error.message.rstrip('.')}", key)
        values[option.name] = by_key[key] = value
        places[key] = table.place(key)
    return Config(path, values, by_key, places)


def keys(command: click.Command) -> dict[str, click.Option]:
    """The keys that a configuration may have: the long names of the options, both ones of a switch."""
    return {
        name.removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and getattr(option, "in_file", False)
        for name in (*option.opts, *option.secondary_opts)
        if name.startswith("--")
    }


def _only_on_the_command_line(command: click.Command, key: str) -> str | None:
    """Why an option that there is can't be set in a file; None where there is no such option."""
    if f"--{key}" in ("--help", "--version", "--config", "--no-config"):
        return "is no setting"
    if any(f"--{key}" in (*option.opts, *option.secondary_opts) for option in command.params):
        return "asks for something else than a report"
    return None


def _checked(option: click.Option, key: str, table: Table) -> Any:
    """The value under the key; an error in one sentence where its type isn't the option's."""
    value = table[key]
    kind = option.type
    if option.is_flag:
        if not isinstance(value, bool):
            table.fail(f"{key!r} must be true or false, not {_toml(value)}", key)
        return value if f"--{key}" in option.opts else not value
    if option.multiple:
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) and item for item in items):
            table.fail(f"{key!r} must be a string or a list of strings, not {_toml(value)}", key)
        return items
    if is_whole_number(option):
        low = getattr(kind, "min", None)
        if not isinstance(value, int) or isinstance(value, bool) or (low is not None and value < low):
            least = "" if low is None else f" of at least {low}"
            table.fail(f"{key!r} must be a whole number{least}, not {_toml(value)}", key)
        return value
    if isinstance(kind, click.Choice):
        choices = [str(choice) for choice in kind.choices]
        if not isinstance(value, str):
            table.fail(f"{key!r} must be one of {', '.join(choices)}, not {_toml(value)}", key)
        if value not in choices:
            table.wrong(f"{key!r} can't be {_toml(value)}", value, choices)
        return value
    if not isinstance(value, str) or not value:
        table.fail(f"{key!r} must be a string, not {_toml(value)}", key)
    return value


def _toml(value: Any) -> str:
    """A value in TOML's own words, cut to what fits in a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if value == "":
        return "an empty string"
    text = repr(value) if isinstance(value, str | int | float) else f"the time {value}"
    return text if len(text) <= 60 else f"{text[:57]}…"


def is_whole_number(option: click.Option) -> bool:
    """Whether the option takes a whole number."""
    return isinstance(option.type, click.IntRange) or option.type is click.INT


def is_path(option: click.Option) -> bool:
    """Whether the option takes the path of a file or folder."""
    return isinstance(option.type, click.Path | click.File)


def _based(value: Any, folder: Path) -> Any:
    """Paths of a file are relative to the file. ``-`` stays, ``~`` is the home folder."""
    if isinstance(value, list):
        return [_based(item, folder) for item in value]
    if value == "-":
        return value
    try:
        return str(folder / Path(value).expanduser())
    except RuntimeError:  # no such user
        return str(folder / value)


def _must_stay_inside(value: Any, folder: Path, key: str, table: Table) -> None:
    """A file that nobody named, in a tree that somebody else wrote, may not choose what to overwrite."""
    for item in value if isinstance(value, list) else [value]:
        if item != "-" and not Path(item).resolve().is_relative_to(folder.resolve()):
            table.fail(
                f"{key!r} leads out of {folder}, which only a file that --config names may ask for",
                key,
            )
