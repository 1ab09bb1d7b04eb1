"""What a call calls: by name, or through a pointer by what is stored in the field it is read from."""

from __future__ import annotations

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

_MAX_SITES = 600
"""Stores to fields of one name (``.open``) beyond which no attempt is made to sort them by type."""
_FEW = 4


class Pointers:
    """Call targets, memoised by struct type and field; and the account of how calls were resolved."""

    def __init__(self, program: Program, types: Types) -> None:
        self._program = program
        self._types = types
        self._direct: dict[tuple[str, str], Model | tuple[FunctionRef, ...]] = {}
        self._stored: dict[tuple[str, str], tuple[FunctionRef, ...] | None] = {}
        self.sites: dict[tuple[str, int, str], int] = {}
        """(file, offset, text) of each call seen → number of targets; -1 for a direct one."""

    def direct(self, call: ir.Call, fn: ir.Function) -> Model | tuple[FunctionRef, ...] | None:
        """The API model or the definition that a call by name means; empty where the tree has none.
        None for a call through a pointer."""
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

    def targets(self, call: ir.Call, fn: ir.Function) -> tuple[FunctionRef, ...] | None:
        """The functions stored anywhere in the field that the call reads its pointer from; None where
        that can't be told."""
        expr = call.function
        while isinstance(expr, (ir.Deref, ir.Cast)):
            expr = expr.pointer if isinstance(expr, ir.Deref) else expr.operand
        found: tuple[FunctionRef, ...] | None = None
        if isinstance(expr, ir.Field):
            owner = self._types.strip(self._types.type_of(expr.base, fn), fn.path)
            if isinstance(owner, ir.Record) and owner.tag:
                found = self.stored(owner.tag, expr.name, fn.path)
        self.count(fn, call, len(found) if found else 0)
        if not found:
            line = self._program.position(fn.path, call.at)[0]
            what = expr.name if isinstance(expr, (ir.Field, ir.Local, ir.Global)) else "a pointer"
            self._program.notes.add(Note("unresolved-call", fn.path, line, f"{fn.name}() calls through {what}; no target is known."))
        return found

    def stored(self, tag: str, field: str, from_path: str) -> tuple[FunctionRef, ...] | None:
        """Every function that initialisers and assignments store in ``struct tag``'s ``field``, sorted.
        None where there are too many places to look at."""
        key = (tag, field)
        if key not in self._stored:
            self._stored[key] = None
            self._stored[key] = self._find_stored(tag, field)
        return self._stored[key]

    def _find_stored(self, tag: str, field: str) -> tuple[FunctionRef, ...] | None:
        sites = self._program.tree.index.stores(field)
        word = tag.encode()
        if len(sites) > _MAX_SITES:
            sites = tuple(site for site in sites if word in self._program.tree.read(site.path))
            if len(sites) > _MAX_SITES:
                return None
        found: set[FunctionRef] = set()
        for site in sites:
            found.update(self._at(site, tag, field))
        return tuple(sorted(found))

    def _at(self, site: Site, tag: str, field: str) -> list[FunctionRef]:
        """Functions that the item around ``site`` stores in the field."""
        result: list[FunctionRef] = []
        file = self._program.source(site.path)
        if file is None:
            return result
        for item in self._program.items(site.path, ItemKind.VARIABLE, ItemKind.FUNCTION):
            if not item.start <= site.offset < item.end or not item.active:
                continue
            if item.kind is ItemKind.VARIABLE:
                for variable in self._program.variables_of(site.path, item):
                    result.extend(self._initialised(variable, tag, field))
            else:
                if self._program.tree.index is not None:
                    ref = FunctionRef(site.path, item.start, item.name)
                    fn = self._program.function(ref)
                    if fn is not None:
                        result.extend(self._assigned(fn, tag, field))
        return result

    def _initialised(self, variable: ir.Variable, tag: str, field: str) -> list[FunctionRef]:
        result: list[FunctionRef] = []
        for value in variable.values:
            if not value.path or value.path[-1] != field:
                continue
            kind: ir.Type = variable.type
            for step in value.path[:-1]:
                inner = self._types.strip(kind, variable.path)
                if step == "[]":
                    kind = inner.of if isinstance(inner, ir.Array) else inner
                else:
                    kind = self._types.field_type(inner, step, variable.path)
            owner = self._types.strip(kind, variable.path)
            if isinstance(owner, ir.Array):
                owner = self._types.strip(owner.of, variable.path)
            if isinstance(owner, ir.Record) and owner.tag == tag:
                ref = self.function_named(value.value, variable.path)
                if ref is not None:
                    result.append(ref)
        return result

    def _assigned(self, fn: ir.Function, tag: str, field: str) -> list[FunctionRef]:
        result: list[FunctionRef] = []
        for block in fn.blocks:
            for instruction in block.instructions:
                if not isinstance(instruction, ir.Assign) or not isinstance(instruction.target, ir.Field):
                    continue
                target = instruction.target
                if target.name != field:
                    continue
                owner = self._types.strip(self._types.type_of(target.base, fn), fn.path)
                if isinstance(owner, ir.Record) and owner.tag == tag:
                    values = [instruction.value]
                    if isinstance(instruction.value, ir.Select):
                        values = [instruction.value.then, instruction.value.otherwise]
                    for value in values:
                        ref = self.function_named(value, fn.path)
                        if ref is not None:
                            result.append(ref)
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
