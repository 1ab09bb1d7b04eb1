"""Statements: from the syntax tree to basic blocks.

What comes in: the nodes of a function's body and of macros' expansions; what goes out: blocks. Loops,
``switch``, ``goto`` and the clean-ups of scopes become edges; a macro with a statement behind it
(``list_for_each_entry(…) {``) becomes the loop that it expands to, or one of unknown count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend.declarers import DECLARERS
from gfplint.frontend.expressions import bare
from gfplint.frontend.folding import OPAQUE
from gfplint.frontend.jumps import Jumps
from gfplint.frontend.lower_builder import Cleanup, Unit, stable
from gfplint.frontend.marks import MarkKind
from gfplint.frontend.types import children

if TYPE_CHECKING:
    from tree_sitter import Node

    from gfplint.frontend.marks import Mark

LOOP_BODY = b"gfplint_loop_body__"


class Statements(Jumps):
    """Builder that reads statements."""

    cases: list[list[tuple[ir.Expr, ir.Expr, int]]]
    defaults: list[int]
    loop_bodies: list[tuple[Node, Unit]]

    def loop_macro(self, node: Node, mark: Mark) -> None:
        """A macro with a statement behind it."""
        raise NotImplementedError

    def governed_statement(self) -> None:
        """The statement behind the macro whose expansion is being read."""
        raise NotImplementedError

    # ---------------------------------------------------------------------------- lists

    def statement(self, node: Node) -> None:
        """One statement of any kind."""
        handler = _STATEMENTS.get(node.type)
        if handler is not None:
            handler(self, node)
        elif node.type.endswith("expression") or node.type in ("identifier", "ERROR"):
            self._stray(node)

    def _stray(self, node: Node) -> None:
        if node.type != "ERROR":
            self.effect(node)
            return
        for child in children(node):
            self.statement(child)

    def statements(self, node: Node) -> None:
        """The statements inside ``node`` in the scope that is open, and the statement macros that were
        blanked between them.
        """
        marks = self.unit.marks
        blanked = sorted(
            (mark for mark in marks.values()
             if mark.kind is MarkKind.STATEMENT and node.start_byte <= mark.start < node.end_byte),
            key=lambda mark: mark.start,
        ) if marks else []  # fmt: skip
        position = 0
        for child in children(node):
            while position < len(blanked) and blanked[position].start < child.start_byte:
                self._blanked(blanked[position])
                position += 1
            while position < len(blanked) and blanked[position].start < child.end_byte:
                position += 1  # inside a nested statement, which will see it itself
            self.statement(child)
        while position < len(blanked):
            self._blanked(blanked[position])
            position += 1

    def _blanked(self, mark: Mark) -> None:
        if mark.name == "goto":
            return
        if mark.name == "asm":
            self.assembly(mark)
        elif not mark.name.startswith("while_each_") and mark.name:
            self.span_statements(mark.start, mark.end)

    def compound(self, node: Node) -> None:
        """``{ … }``: a scope."""
        undo, cleanup = len(self.undo), self.cleanup
        self.statements(node)
        self.leave(undo, cleanup)

    def leave(self, undo: int, cleanup: Cleanup | None) -> None:
        """End a scope that began with these."""
        if self.cleanup is not cleanup:
            self.run_cleanups(cleanup)
            self.cleanup = cleanup
        self.unbind(undo)

    def statement_expression(self, node: Node) -> ir.Expr:
        """``({ … })``: its last expression's value, taken before the scope's clean-ups."""
        undo, cleanup = len(self.undo), self.cleanup
        inside = list(children(node))
        result: ir.Expr = OPAQUE
        if inside and inside[-1].type == "expression_statement" and not self._has_blanked(node, inside[-1]):
            last = inside[-1]
            for child in inside[:-1]:
                self.statement(child)
            value = next(iter(children(last)), None)
            if value is not None:
                result = self.value(value)
        elif inside and inside[-1].type == "expression_statement":
            # Statement macros were blanked in here: take the list's way for all but the last.
            result = self._with_blanked(node, inside)
        else:
            self.statements(node)
        if self.cleanup is not cleanup and not stable(result):
            kept = self.temp()
            self.assign(kept, result, node.start_byte)
            result = kept
        self.leave(undo, cleanup)
        return result

    def _has_blanked(self, node: Node, last: Node) -> bool:
        return any(
            mark.kind is MarkKind.STATEMENT and node.start_byte <= mark.start < last.start_byte
            for mark in self.unit.marks.values()
        )

    def _with_blanked(self, node: Node, inside: list[Node]) -> ir.Expr:
        blanked = sorted(
            (mark for mark in self.unit.marks.values() if mark.kind is MarkKind.STATEMENT),
            key=lambda m: m.start,
        )
        previous = node.start_byte
        for child in inside:
            for mark in blanked:
                if previous <= mark.start < child.start_byte:
                    self._blanked(mark)
            previous = child.end_byte
            if child is inside[-1]:
                value = next(iter(children(child)), None)
                return self.value(value) if value is not None else OPAQUE
            self.statement(child)
        return OPAQUE

    # ----------------------------------------------------------------------- expressions

    def expression_statement(self, node: Node) -> None:
        """An expression, or what a declaring macro or a computed goto looks like."""
        child = next(iter(children(node)), None)
        if child is None:
            return
        marks = self.unit.marks
        if marks:
            mark = marks.get(child.start_byte)
            if mark is not None and mark.kind is MarkKind.STATEMENT and mark.name == "goto":
                self.computed.append((self.current, self.at(child)))
                self.begin()
                return
        if child.type == "identifier" and self.loop_bodies and self.word(child) == LOOP_BODY.decode():
            self.governed_statement()
            return
        if child.type == "call_expression":
            function = child.child_by_field_name("function")
            if function is not None and function.type == "identifier":
                declarer = DECLARERS.get(self.word(function))
                if declarer is not None:
                    self.declared_by(declarer, self.word(function), child.start_byte, False)
                    return
        self.effect(child)

    # ------------------------------------------------------------------------- branching

    def if_statement(self, node: Node) -> None:
        """``if``, and a loop macro whose name was too short for ``while``."""
        mark = self.unit.marks.get(node.start_byte)
        if mark is not None and mark.kind is MarkKind.LOOP:
            self.loop_macro(node, mark)
            return
        test, yes = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
        no = node.child_by_field_name("alternative")
        if test is None or yes is None:
            return
        undo = len(self.undo)
        then, done = self.fresh(), self.fresh()
        otherwise = self.fresh() if no is not None else done
        self.condition(test, then, otherwise)
        self.resume(then)
        self.scoped(yes)
        if no is not None:
            self.jump(done)
            self.resume(otherwise)
            for child in children(no):
                self.scoped(child)
        self.start(done)
        self.unbind(undo)

    def scoped(self, node: Node) -> None:
        """A statement that is a scope of its own, braces or not."""
        if node.type == "compound_statement":
            self.compound(node)
            return
        undo, cleanup = len(self.undo), self.cleanup
        self.statement(node)
        self.leave(undo, cleanup)

    def loop(self, body: Callable[[], None], leave: int, again: int) -> None:
        """Run ``body`` with ``break`` leading to ``leave`` and ``continue`` to ``again``."""
        self.breaks.append((leave, self.cleanup))
        self.continues.append((again, self.cleanup))
        try:
            body()
        finally:
            self.breaks.pop()
            self.continues.pop()

    def while_statement(self, node: Node) -> None:
        """``while``, and a macro with a statement behind it."""
        mark = self.unit.marks.get(node.start_byte)
        if mark is not None and mark.kind is MarkKind.LOOP:
            self.loop_macro(node, mark)
            return
        test, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        if test is None or body is None:
            return
        head, inside, done = self.fresh(), self.fresh(), self.fresh()
        self.start(head)
        self.condition(test, inside, done)
        self.resume(inside)
        self.loop(lambda: self.scoped(body), done, head)
        self.jump(head)
        self.resume(done)

    def do_statement(self, node: Node) -> None:
        """``do … while``; ``do { } while (0)`` is no loop."""
        body, test = node.child_by_field_name("body"), node.child_by_field_name("condition")
        if body is None:
            return
        inside, decide, done = self.fresh(), self.fresh(), self.fresh()
        self.start(inside)
        self.loop(lambda: self.scoped(body), done, decide)
        self.start(decide)
        if test is not None:
            self.condition(test, inside, done)
        self.end(ir.Jump(done))
        self.resume(done)

    def for_statement(self, node: Node) -> None:
        """``for``; its declarations have a scope of their own."""
        first, test = node.child_by_field_name("initializer"), node.child_by_field_name("condition")
        step, body = node.child_by_field_name("update"), node.child_by_field_name("body")
        undo, cleanup = len(self.undo), self.cleanup
        if first is not None:
            if first.type == "declaration":
                self.declaration(first)
            else:
                self.effect(first)
        head, inside, again, done = self.fresh(), self.fresh(), self.fresh(), self.fresh()
        self.start(head)
        if test is not None:
            self.condition(test, inside, done)
        else:
            self.jump(inside)
        self.resume(inside)
        if body is not None:
            self.loop(lambda: self.scoped(body), done, again)
        self.start(again)
        if step is not None:
            self.effect(step)
        self.jump(head)
        self.resume(done)
        self.leave(undo, cleanup)

    def switch_statement(self, node: Node) -> None:
        """``switch``: labels anywhere inside its body, falling through from one to the next."""
        test, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        if test is None or body is None:
            return
        value = self.value(test)
        at = self.at(node)
        decide, done = self.current, self.fresh()
        self.cases.append([])
        self.defaults.append(done)
        self.begin()
        self.breaks.append((done, self.cleanup))
        self.scoped(body)
        self.breaks.pop()
        self.jump(done)
        cases, default = self.cases.pop(), self.defaults.pop()
        self.resume(decide)
        if cases or default != done:
            self.end(ir.Switch(value, tuple(cases), default, at))
        else:
            self.jump(done)
        self.resume(done)

    def case_statement(self, node: Node) -> None:
        """``case`` and ``default``."""
        value = node.child_by_field_name("value")
        block = self.fresh()
        self.start(block)
        if self.cases:
            if value is None:
                self.defaults[-1] = block
            else:
                low, high = self._case_range(value)
                self.cases[-1].append((low, high, block))
        skip = value.start_byte if value is not None else -1
        for child in children(node):
            if child.start_byte != skip or child.type.endswith("statement"):
                self.statement(child)

    def _case_range(self, node: Node) -> tuple[ir.Expr, ir.Expr]:
        if node.type == "binary_expression":
            operator = node.child_by_field_name("operator")
            mark = self.unit.marks.get(operator.start_byte) if operator is not None else None
            if mark is not None and mark.kind is MarkKind.RANGE:
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                if left is not None and right is not None:
                    return self._case_value(left), self._case_value(right)
        value = self._case_value(node)
        return value, value

    def _case_value(self, node: Node) -> ir.Expr:
        """A label's value. It is a constant, so what would need a call to a modelled macro stays a name."""
        value = self.quiet_value(node)
        if value is not None:
            return value
        node = bare(node)
        return ir.Global(self.word(node)) if node.type == "identifier" else OPAQUE


_STATEMENTS: dict[str, Callable[[Statements, Node], None]] = {
    "compound_statement": Statements.compound,
    "expression_statement": Statements.expression_statement,
    "declaration": Statements.declaration,
    "if_statement": Statements.if_statement,
    "while_statement": Statements.while_statement,
    "do_statement": Statements.do_statement,
    "for_statement": Statements.for_statement,
    "switch_statement": Statements.switch_statement,
    "case_statement": Statements.case_statement,
    "return_statement": Statements.return_statement,
    "goto_statement": Statements.goto_statement,
    "labeled_statement": Statements.labeled_statement,
    "break_statement": lambda self, node: self.leave_to(self.breaks),
    "continue_statement": lambda self, node: self.leave_to(self.continues),
    "attributed_statement": Statements.statements,
    "else_clause": Statements.statements,
    "ERROR": Statements._stray,
}
