"""Leaving a place: ``return``, ``break``, ``continue``, ``goto``, and the clean-ups that run on the way.

A goto's clean-ups depend on the scope of its label, which may come later, so gotos are written at the end
of the function.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend.declarations import Declarations
from gfplint.frontend.folding import OPAQUE
from gfplint.frontend.lower_builder import Cleanup, Unit, stable
from gfplint.frontend.macros import arguments
from gfplint.frontend.types import children

if TYPE_CHECKING:
    from tree_sitter import Node

    from gfplint.frontend.marks import Mark

_ASM_OUTPUT = re.compile(rb'"[=+][^"]*"\s*\(')
_ASM_LABELS = re.compile(rb":\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*\)\s*\Z")


class Jumps(Declarations):
    """Builder that reads jumps and labels."""

    breaks: list[tuple[int, Cleanup | None]]
    continues: list[tuple[int, Cleanup | None]]
    labels: dict[str, tuple[int, Cleanup | None]]
    gotos: list[tuple[int, str, Cleanup | None]]
    computed: list[tuple[int, int]]

    def statement(self, node: Node) -> None:
        """One statement of any kind."""
        raise NotImplementedError

    def leave_to(self, ways: list[tuple[int, Cleanup | None]]) -> None:
        """``break`` or ``continue``: the innermost of ``ways``."""
        if not ways:
            return
        target, cleanup = ways[-1]
        self.run_cleanups(cleanup)
        self.jump(target)
        self.begin()

    def return_statement(self, node: Node) -> None:
        """``return``: the value first, then the clean-ups of all scopes."""
        child = next(iter(children(node)), None)
        value = self.value(child) if child is not None else None
        at = self.at(node)
        if self.cleanup is not None:
            if value is not None and not stable(value):
                kept = self.temp()
                self.assign(kept, value, node.start_byte)
                value = kept
            self.run_cleanups(None)
        self.end(ir.Return(value, at))
        self.begin()

    def goto_statement(self, node: Node) -> None:
        """``goto``; which scopes it leaves is known once the label is."""
        label = node.child_by_field_name("label")
        if label is not None:
            self._go(self.word(label), node.start_byte)
            self.begin()

    def _go(self, name: str, offset: int) -> None:
        self.gotos.append((self.current, self._label(name, offset), self.cleanup))

    def _label(self, name: str, offset: int) -> str:
        """The label's unique name: one that a macro's body defines is that expansion's own."""
        unit: Unit | None = self.unit
        while unit is not None and unit.parent is not None:
            origin = unit.origin(offset)
            if origin < 0:
                if re.search(rb"\b" + name.encode() + rb"\s*:", unit.text):
                    key = self.expansion_names.setdefault(id(unit), str(len(self.expansion_names) + 1))
                    self._units.append(unit)
                    return f"{name}@{key}"
                break
            unit, offset = unit.parent, origin
        return name

    expansion_names: dict[int, str]
    _units: list[Unit]
    """The expansions that have labels: kept, so that their identities stay theirs."""

    def labeled_statement(self, node: Node) -> None:
        """``label:`` and what follows it."""
        label = node.child_by_field_name("label")
        block = self.fresh()
        self.start(block)
        if label is not None:
            self.labels.setdefault(self._label(self.word(label), node.start_byte), (block, self.cleanup))
        for child in children(node):
            if child.type != "statement_identifier":
                self.statement(child)

    def resolve_gotos(self) -> None:
        """Write every goto's clean-ups and jump, now that all labels are known."""
        for block, name, cleanup in self.gotos:
            self.resume(block)
            found = self.labels.get(name)
            if found is None:
                self.end(ir.Stop())
                continue
            target, inside = found
            self.cleanup = cleanup
            self.run_cleanups(_common(cleanup, inside))
            self.jump(target)
        for block, at in self.computed:
            self.resume(block)
            targets = sorted({target for target, _ in self.labels.values()})
            if targets:
                cases = tuple((OPAQUE, OPAQUE, target) for target in targets[1:])
                self.end(ir.Switch(OPAQUE, cases, targets[0], at))

    def assembly(self, mark: Mark) -> None:
        """Outputs get unknown values; the labels of an ``asm goto`` may be jumped to."""
        text = self.unit.original[mark.start : mark.end]
        for match in _ASM_OUTPUT.finditer(text):
            found = arguments(text, match.end() - 1)
            if found is not None:
                start, _ = found[0][0]
                target = self.span_value(mark.start + start, mark.start + found[1])
                if isinstance(target, (ir.Local, ir.Field, ir.Deref, ir.Index, ir.Global)):
                    self.assign(target, OPAQUE, mark.start)
        if b"goto" in text[: text.find(b"(")]:
            labels = _ASM_LABELS.search(text)
            for name in re.findall(rb"\w+", labels.group(1)) if labels else ():
                away, on = self.fresh(), self.fresh()
                self.branch(OPAQUE, away, on, self.unit.place(mark.start)[0])
                self.resume(away)
                self._go(name.decode(), mark.start)
                self.resume(on)


def _common(first: Cleanup | None, second: Cleanup | None) -> Cleanup | None:
    """The clean-ups in force at both ends of a goto."""
    while first is not second:
        if first is None or second is None:
            return None
        if first.depth >= second.depth:
            first = first.parent
        elif second.depth > first.depth:
            second = second.parent
    return first
