"""The parts of a rule of kind ``scope``: what can be wrong with a scope, and what each scope does to a task.

In: tables of a rule's TOML file. Out: frozen nouns. docs/writing-rules.md is the reference of the format.

Errors: :class:`gfplint.errors.ModelError` with file and line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gfplint.models import SCOPES
from gfplint.toml import Table

PROBLEMS = ("left-open", "entered-again", "other-kind", "order", "unset")
"""A way out without the restore; the same save again before it; a restore of another scope; an outer scope
left before an inner one of its kind; a cookie that nothing was assigned to.
"""

_BRACES = re.compile(r"\{(\w*)\}")
_PLACEHOLDERS = ("flag", "function", "other", "restore", "save", "scope")


@dataclass(frozen=True, slots=True)
class ScopeProblem:
    """One thing that can be wrong. In the sentences ``{function}``, ``{scope}``, ``{flag}``, ``{save}``,
    ``{restore}`` (the right one) and ``{other}`` (what is there instead) stand for the finding's own.
    """

    name: str
    message: str
    why: str
    fixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeKind:
    """A scope of the API models: the task flag that it sets, and what a task does that keeps it."""

    name: str
    flag: str
    why: str


def read_problems(table: Table) -> tuple[ScopeProblem, ...]:
    """The ``[[problem]]`` tables; each of :data:`PROBLEMS` has one."""
    found: dict[str, ScopeProblem] = {}
    for part in table.tables("problem"):
        part.only("name", "message", "why", "fixes")
        name = part.text("name")
        if name not in PROBLEMS:
            part.unknown("problem", name, PROBLEMS)
        fixes = tuple(_template(part, "fixes", text) for text in part.texts("fixes"))
        message, why = (_template(part, key, part.text(key)) for key in ("message", "why"))
        found[name] = ScopeProblem(name, message, why, fixes)
    for name in PROBLEMS:
        if name not in found:
            table.fail(f"a rule of kind 'scope' needs a [[problem]] of the name {name!r}")
    return tuple(found[name] for name in PROBLEMS)


def read_scopes(table: Table) -> tuple[ScopeKind, ...]:
    """The ``[[scope]]`` tables; each scope of the API models has one."""
    found: dict[str, ScopeKind] = {}
    for part in table.tables("scope"):
        part.only("name", "flag", "why")
        name = part.text("name")
        if name not in SCOPES:
            part.unknown("scope", name, SCOPES)
        found[name] = ScopeKind(name, part.text("flag"), part.text("why"))
    for name in SCOPES:
        if name not in found:
            table.fail(f"a rule of kind 'scope' needs a [[scope]] of the name {name!r}")
    return tuple(found[name] for name in SCOPES)


def _template(table: Table, key: str, text: str) -> str:
    for word in _BRACES.findall(text):
        if word not in _PLACEHOLDERS:
            table.unknown(f"placeholder in {key!r}", word, _PLACEHOLDERS)
    return text
