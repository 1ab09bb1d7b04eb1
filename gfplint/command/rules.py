"""The rules as the command line names them: by id or by name, in whatever case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gfplint.errors import UsageError

if TYPE_CHECKING:
    from gfplint.api import CheckOptions
    from gfplint.report import RuleText


def must_be_folders(folders: Iterable[Path]) -> None:
    """Raise `UsageError` for one that is none."""
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--rules must name a folder of rules, and {folder} is none.")


def load(folders: tuple[Path, ...]) -> list[RuleText]:
    """The bundled rules and those of `folders`, by id."""
    must_be_folders(folders)

    from gfplint.resources import rules_directory
    from gfplint.rules import Rules

    return list(Rules.load((rules_directory(), *folders)))


def applied(options: CheckOptions) -> list[RuleText]:
    """The rules that a run with these options applies."""
    rules = load(options.rules_dirs)
    return [
        rule
        for rule in rules
        if (options.select is None or rule.id in options.select) and rule.id not in options.ignore
    ]


def words(given: Iterable[str]) -> list[str]:
    """The words of options that take several, separated by commas."""
    return [word for text in given for word in (part.strip() for part in text.split(",")) if word]


def identities(words: Iterable[str], rules: Sequence[RuleText]) -> list[str]:
    """The ids of the rules that the words name; `UsageError` for a word that names none."""
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
