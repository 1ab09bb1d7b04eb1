"""Invariants of structs: what holds of every object though no function that reads it says so.

In: ``[[invariant]]`` tables of ``models/*.toml``. Out: :class:`Invariant`. docs/writing-rules.md is the
reference of the format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gfplint import cexpr, ir
from gfplint.toml import Table

_WORD = re.compile(r"[A-Za-z_]\w*")
_FIELD = re.compile(r"(?:(?:->|\.)\s*)?\b[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Invariant:
    """Where ``when`` holds of an object of ``struct tag``, so does ``then``. In both, the object's fields are
    :class:`ir.Local`; ``fields`` are those of ``when``, ``told`` those of ``then``.
    """

    tag: str
    when: ir.Expr
    then: ir.Expr
    fields: frozenset[str]
    told: frozenset[str]


def check(table: Table) -> None:
    """The keys of one table; raises :class:`gfplint.errors.ModelError`."""
    table.only("struct", "when", "then", "source", "since", "until")
    if not _WORD.fullmatch(table.text("struct")):
        table.fail(f'"struct" is the tag alone ("vm_area_struct"), not {table.text("struct")!r}', "struct")
    table.text("source")
    for key in ("when", "then"):
        if not _fields(table.text(key)):
            table.fail(f'"{key}" names no field of the struct', key)


def build(table: Table) -> Invariant:
    """Parse one table."""
    when, told = _fields(table.text("when")), _fields(table.text("then"))
    return Invariant(table.text("struct"), _expression(table, "when"), _expression(table, "then"), when, told)


def _fields(text: str) -> frozenset[str]:
    """The fields of the object that a condition names: whatever isn't written as a constant is."""
    return frozenset(name for name in _FIELD.findall(text) if name != name.upper() and name[0] not in ".-")


def _expression(table: Table, key: str) -> ir.Expr:
    text = table.text(key)
    return cexpr.parse_expression(text, _fields(text), f"{table.path}:{table.line_of(key)}")
