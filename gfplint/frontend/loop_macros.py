"""Macros with a statement behind them: ``list_for_each_entry(…) {``.

What comes in: the statement and the mark that the normaliser left; what goes out: the loop that the macro
expands to with the statement in its place or, for a macro that is modelled or unknown, a loop of unknown
count.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend.folding import OPAQUE
from gfplint.frontend.lower_builder import Cleanup
from gfplint.frontend.macros import MAX_DEPTH, MAX_TOTAL, arguments, expand
from gfplint.frontend.statements import LOOP_BODY, Statements

if TYPE_CHECKING:
    from tree_sitter import Node

    from gfplint.frontend.marks import Mark


_ENTRIES = re.compile(r"[a-z_]*list_(?:[a-z]+_)?for_each_entry")
"""Macros whose first argument goes through a list (include/linux/list.h, llist.h, plist.h): in the body it
points to something, and is neither NULL nor an error pointer.
"""


class LoopMacros(Statements):
    """Builder that reads macros that govern a statement."""

    def loop_macro(self, node: Node, mark: Mark) -> None:
        """A macro with a statement behind it: a guard, what it expands to, or a loop of unknown count."""
        if self.guard_loop(node, mark):
            return
        body = node.child_by_field_name("body") or node.child_by_field_name("consequence")
        if body is None:
            return
        if not self.symbols.modelled(mark.name) and self._expanded_loop(mark, body):
            return
        self._unknown_loop(mark, body)

    def _expanded_loop(self, mark: Mark, body: Node) -> bool:
        unit = self.unit
        macro = self.symbols.macro(mark.name, self.path)
        if macro is None or mark.name in unit.active_at(mark.start) or unit.depth >= MAX_DEPTH:
            return False
        spans: list[tuple[int, int]] = []
        if macro.params is not None:
            opening = unit.original.find(b"(", mark.start + len(mark.name))
            found = arguments(unit.original, opening) if opening >= 0 else None
            if found is None:
                return False
            spans = found[0]
        expanded = expand(macro, unit.original, spans)
        if expanded is None:
            return False
        self.expanded += len(expanded.text)
        if self.expanded > MAX_TOTAL:
            return False
        text = self.pasted(expanded.text)
        parsed = self.parse_fragment(text + b" " + LOOP_BODY + b";", "statements")
        if parsed.errors:
            return False
        inner = unit.nested(text, expanded.ranges, mark.start, mark.name).read(
            parsed, parsed.original.find(text)
        )
        before = len(self.loop_bodies)
        self.loop_bodies.append((body, unit))
        self.unit = inner
        undo, cleanup = len(self.undo), self.cleanup
        try:
            self.statements(parsed.root)
        finally:
            self.leave(undo, cleanup)
            self.unit = unit
            del self.loop_bodies[before:]
        return True

    def governed_statement(self) -> None:
        """The place of an expansion where the statement behind the macro stands."""
        body, unit = self.loop_bodies.pop()
        here = self.unit
        self.unit = unit
        try:
            self.scoped(body)
        finally:
            self.unit = here
            self.loop_bodies.append((body, unit))

    def _unknown_loop(self, mark: Mark, body: Node) -> None:
        unit = self.unit
        opening = unit.original.find(b"(", mark.start + len(mark.name), mark.end)
        found = arguments(unit.original, opening) if opening >= 0 else None
        changed: list[ir.Local] = []
        for start, end in found[0] if found is not None else ():
            text = unit.original[start:end]
            if re.fullmatch(rb"[A-Za-z_]\w*", text):
                local = self.names.get(text.decode())
                if isinstance(local, ir.Local):
                    changed.append(local)
            elif b"(" in text:
                self.span_value(start, end)
        head, inside, done = self.fresh(), self.fresh(), self.fresh()
        self.start(head)
        for local in changed:
            self.assign(local, OPAQUE, mark.start)
        self.branch(OPAQUE, inside, done, unit.place(mark.start)[0])
        self.resume(inside)
        if changed and _ENTRIES.match(mark.name):
            self.assign(changed[0], ir.AddressOf(OPAQUE), mark.start)
        self.loop(lambda: self.scoped(body), done, head)
        self.jump(head)
        self.resume(done)

    def scoped_body(self, body: Node, done: int, outside: object) -> None:
        """The statement that ``scoped_guard()`` governs."""
        around = outside if isinstance(outside, Cleanup) else None
        self.breaks.append((done, around))
        self.continues.append((done, around))
        self.scoped(body)
        self.breaks.pop()
        self.continues.pop()
