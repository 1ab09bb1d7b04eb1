"""What a call calls: by name, or through a pointer by what is stored in the field it is read from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.findings import Note
from gfplint.frontend.source import ItemKind
from gfplint.models import Model
from gfplint.program.program import FunctionRef
from gfplint.program.types import Types

if TYPE_CHECKING:
    from gfplint.kernel.index import Site
    from gfplint.program.program import Program

_STORED = re.compile(rb"\w+\s*=\s*&?(\w+)")
_MAX_FAR_SITES = 150
"""Stores to fields of one name (``.open``) beyond which those far from the start aren't looked at."""
_NEAR_TARGETS = 12
"""Functions near the walk's start that a call may reach before it is no longer followed."""
_FAR_TARGETS = 3
"""The same where none of them is near."""
_FEW = 4
_TEST_FOLDERS = frozenset({"kunit", "selftests", "test", "tests"})
"""Names that the kernel gives to folders of in-kernel tests."""


class Pointers:
    """Call targets, memoised by struct type and field; and the account of how calls were resolved."""

    def __init__(self, program: Program, types: Types) -> None:
        self._program = program
        self._types = types
        self._direct: dict[tuple[str, str], Model | tuple[FunctionRef, ...]] = {}
        self._stored: dict[tuple[str, str], tuple[FunctionRef, ...]] = {}
        self._near: dict[tuple[str, str, str], tuple[FunctionRef, ...]] = {}
        self.foreign: frozenset[tuple[str, str]] = frozenset()
        """(struct tag, field) pairs whose calls are a context of reclaim of their own: not followed."""
        self.sites: dict[tuple[str, int, str], int] = {}
        """(file, offset, text) of each call seen → number of targets; -1 for a direct one."""

    def direct(self, call: ir.Call, fn: ir.Function) -> Model | tuple[FunctionRef, ...] | None:
        """The API model or the definition that a call by name means; empty where the tree has none.
        None for a call through a pointer.
        """
        if not isinstance(call.function, ir.Global):
            return None
        name = call.function.name
        key = (name, fn.path)
        found = self._direct.get(key)
        if found is None:
            found = self._direct[key] = self._by_name(name, fn.path)
        if not isinstance(found, Model):
            if not found and self._program.variable(name, fn.path) is not None:
                return None
            self.sites.setdefault((fn.path, call.at, name), -1 if found else 0)
        return found

    def _by_name(self, name: str, path: str) -> Model | tuple[FunctionRef, ...]:
        model = self._program.models.get(name)
        if model is not None and not self._program.defined_here(name, path):
            if not model.pattern:
                return model
            ref = self._program.resolve(name, path)
            return model if ref is None else (ref,)
        ref = self._program.resolve(name, path)
        return (ref,) if ref is not None else ()

    def count(self, fn: ir.Function, call: ir.Call, targets: int) -> None:
        """Enter a call through a pointer into the account."""
        self.sites[fn.path, call.at, repr(call.function)] = targets

    def targets(self, call: ir.Call, fn: ir.Function, home: str) -> tuple[tuple[FunctionRef, ...], bool]:
        """The functions that a call through a pointer is followed into, and whether ``home``, the folder
        where the walk started, had a say in that. Empty where nothing is known, or too much.

        An object's functions are nearly always its driver's. So where some of those stored in the field
        are near the start of the walk, they are the ones meant; where none is, only a few are followed.
        """
        expr = call.function
        while isinstance(expr, (ir.Deref, ir.Cast)):
            expr = expr.pointer if isinstance(expr, ir.Deref) else expr.operand
        what = expr.name if isinstance(expr, (ir.Field, ir.Local, ir.Global)) else "a pointer"
        owner = (
            self._types.strip(self._types.type_of(expr.base, fn), fn.path)
            if isinstance(expr, ir.Field)
            else None
        )
        if not isinstance(expr, ir.Field) or not isinstance(owner, ir.Record) or not owner.tag:
            self.count(fn, call, 0)
            self._note(fn, call, f"{fn.name}() calls through {what}; no target is known.")
            return (), False
        if (owner.tag, expr.name) in self.foreign:
            return (), False
        near = self._nearest_stored(owner.tag, expr.name, home)
        found = near or self.stored(owner.tag, expr.name, _MAX_FAR_SITES)
        self.count(fn, call, len(found) if found is not None else _FEW + 1)
        if found is not None and not found:
            self._note(fn, call, f"{fn.name}() calls through {what}; no target is known.")
        elif found is None or len(found) > (_NEAR_TARGETS if near else _FAR_TARGETS):
            self._note(fn, call, f"{fn.name}() calls through {what}; too many functions are possible.")
            return (), True
        return found or (), bool(near) or len(found or ()) > 1

    def _note(self, fn: ir.Function, call: ir.Call, text: str) -> None:
        line = self._program.position(fn.path, call.at)[0]
        self._program.notes.add(Note("unresolved-call", fn.path, line, text))

    def _nearest_stored(self, tag: str, field: str, home: str) -> tuple[FunctionRef, ...]:
        """Functions that files near ``home`` store in the field, sorted: those of its own folder or below,
        and only where there are none those of the folders beside it.
        """
        key = (tag, field, home)
        found = self._near.get(key)
        if found is None:
            sites = [site for site in self._program.tree.index.stores(field) if _is_near(site.path, home)]
            own = [site for site in sites if site.path.startswith(home + "/")]
            found = self._sorted(own, tag, field) or self._sorted(sites, tag, field)
            self._near[key] = found
        return found

    def stored(self, tag: str, field: str, most: int | None = None) -> tuple[FunctionRef, ...] | None:
        """Every function that initialisers and assignments store in ``struct tag``'s ``field``, sorted.
        None where there are more than ``most`` places to look at.
        """
        sites = self._program.tree.index.stores(field)
        if most is not None and len(sites) > most:
            return None
        key = (tag, field)
        if key not in self._stored:
            word = tag.encode()
            self._stored[key] = ()  # asked again from inside: nothing more
            self._stored[key] = self._sorted(
                [
                    site
                    for site in sites
                    if not _is_test(site.path) and word in self._program.tree.read(site.path)
                ],
                tag,
                field,
            )
        return self._stored[key]

    def _sorted(self, sites: Iterable[Site], tag: str, field: str) -> tuple[FunctionRef, ...]:
        return tuple(sorted({ref for site in sites for ref in self._at(site, tag, field)}))

    def _at(self, site: Site, tag: str, field: str) -> list[FunctionRef]:
        """Functions that the item around ``site`` stores in the field."""
        data = self._program.tree.read(site.path)
        stored = _STORED.match(data, site.offset)
        if stored is None or self._program.resolve(stored[1].decode(), site.path) is None:
            return []  # most stores are of data; only those of functions are worth parsing
        item = self._program.enclosing(site.path, site.offset)
        if item is None or not item.active:
            return []
        if item.kind is ItemKind.VARIABLE:
            return [
                ref
                for variable in self._program.variables_of(site.path, item)
                for ref in self._initialised(variable, tag, field)
            ]
        fn = self._program.function(FunctionRef(site.path, item.start, item.name))
        return self._assigned(fn, tag, field) if fn is not None else []

    def stored_values(self, tag: str, field: str, folder: str) -> list[tuple[ir.Expr, str]]:
        """Every expression that files of a folder store in ``struct tag``'s ``field``, with the file."""
        result: list[tuple[ir.Expr, str]] = []
        word = re.compile(rb"(?:\.|->)\s*" + re.escape(field.encode()) + rb"\s*[|&]?=[^=]")
        for path in self._program.tree.index.mentions([field], folder)[field]:
            file = self._program.source(path)
            seen: set[int] = set()
            for match in word.finditer(file.text) if file is not None else ():
                item = self._program.enclosing(path, match.start())
                if item is None or not item.active or item.start in seen:
                    continue
                seen.add(item.start)
                if item.kind is ItemKind.VARIABLE:
                    for variable in self._program.variables_of(path, item):
                        result.extend(
                            (value, path) for value in self._values_initialised(variable, tag, field)
                        )
                else:
                    fn = self._program.function(FunctionRef(path, item.start, item.name))
                    if fn is not None:
                        result.extend((value, path) for value in self._values_assigned(fn, tag, field))
        return result

    def _initialised(self, variable: ir.Variable, tag: str, field: str) -> list[FunctionRef]:
        values = self._values_initialised(variable, tag, field)
        return [ref for value in values if (ref := self.function_named(value, variable.path)) is not None]

    def _values_initialised(self, variable: ir.Variable, tag: str, field: str) -> list[ir.Expr]:
        result: list[ir.Expr] = []
        for value in variable.values:
            path = self._types.named_path(variable, value.path)
            if not path or path[-1] != field:
                continue
            kind: ir.Type = variable.type
            for step in path[:-1]:
                inner = self._types.strip(kind, variable.path)
                if step == "[]":
                    kind = inner.of if isinstance(inner, ir.Array) else inner
                else:
                    kind = self._types.field_type(inner, step, variable.path)
            owner = self._types.strip(kind, variable.path)
            if isinstance(owner, ir.Array):
                owner = self._types.strip(owner.of, variable.path)
            if isinstance(owner, ir.Record) and owner.tag == tag:
                result.append(value.value)
        return result

    def _assigned(self, fn: ir.Function, tag: str, field: str) -> list[FunctionRef]:
        values = self._values_assigned(fn, tag, field)
        return [ref for value in values if (ref := self.function_named(value, fn.path)) is not None]

    def _values_assigned(self, fn: ir.Function, tag: str, field: str) -> list[ir.Expr]:
        result: list[ir.Expr] = []
        for block in fn.blocks:
            for instruction in block.instructions:
                if not isinstance(instruction, ir.Assign) or not isinstance(instruction.target, ir.Field):
                    continue
                target = instruction.target
                if target.name != field:
                    continue
                owner = self._types.strip(self._types.type_of(target.base, fn), fn.path)
                if isinstance(owner, ir.Record) and owner.tag == tag:
                    value = instruction.value
                    result.extend([value.then, value.otherwise] if isinstance(value, ir.Select) else [value])
        return result

    def function_named(self, expr: ir.Expr, path: str) -> FunctionRef | None:
        """The function that a constant expression names (``f``, ``&f``, a cast of it)."""
        while isinstance(expr, (ir.Cast, ir.AddressOf)):
            expr = expr.operand
        return self._program.resolve(expr.name, path) if isinstance(expr, ir.Global) else None

    def totals(self) -> dict[str, int]:
        """How many call sites were resolved to what, for ``--statistics``."""
        counts = {"direct": 0, "one": 0, "few": 0, "many": 0, "none": 0}
        for number in self.sites.values():
            if number < 0:
                counts["direct"] += 1
            elif number == 0:
                counts["none"] += 1
            elif number == 1:
                counts["one"] += 1
            else:
                counts["few" if number <= _FEW else "many"] += 1
        return counts


def _is_test(path: str) -> bool:
    """Whether a file lies below a folder of tests, whose mock objects no driver ever meets."""
    return not _TEST_FOLDERS.isdisjoint(path.split("/")[:-1])


def _is_near(path: str, home: str) -> bool:
    """Whether a file belongs to the same driver as the folder ``home``: its folder, one beside or below it,
    but never all of ``drivers/``.
    """
    if _is_test(path) and not _is_test(home + "/"):
        return False
    here, there = home.split("/"), path.split("/")[:-1]
    common = 0
    for one, other in zip(here, there, strict=False):
        if one != other:
            break
        common += 1
    return common >= max(2, len(here) - 1)
