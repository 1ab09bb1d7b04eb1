"""Statements: from the syntax tree to basic blocks.

What comes in: the nodes of a function's body and of macros' expansions; what goes out: blocks. Loops,
``switch``, ``goto`` and the clean-ups of scopes become edges; a macro with a statement behind it
(``list_for_each_entry(…) {``) becomes the loop that it expands to, or one of unknown count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend.declarers import DECLARERS, Declarer
from gfplint.frontend.expressions import OPAQUE, bare
from gfplint.frontend.lower_builder import Cleanup, Unit, stable
from gfplint.frontend.lower_guards import Guards
from gfplint.frontend.macros import MAX_DEPTH, MAX_TOTAL, arguments, expand
from gfplint.frontend.marks import MarkKind
from gfplint.frontend.types import children

if TYPE_CHECKING:
    from tree_sitter import Node

    from gfplint.frontend.marks import Mark

_BODY = b"gfplint_loop_body__"
_ASM_OUTPUT = re.compile(rb'"[=+][^"]*"\s*\(')
_ASM_LABELS = re.compile(rb":\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*\)\s*\Z")


class Statements(Guards):
    """Builder that reads statements."""

    def setup(self) -> None:
        """State that only statements have."""
        self.breaks: list[tuple[int, Cleanup | None]] = []
        self.continues: list[tuple[int, Cleanup | None]] = []
        self.labels: dict[str, tuple[int, Cleanup | None]] = {}
        self.gotos: list[tuple[int, str, Cleanup | None, int]] = []
        self.computed: list[tuple[int, int]] = []
        self.cases: list[list[tuple[ir.Expr, ir.Expr, int]]] = []
        self.defaults: list[int] = []
        self.loop_bodies: list[tuple[Node, Unit]] = []
        self.expansion_names: dict[int, str] = {}

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
            self._asm_text(mark)
        elif not mark.name.startswith("while_each_") and mark.name:
            self.span_statements(mark.start, mark.end)

    def _asm_text(self, mark: Mark) -> None:
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
        inside = [child for child in children(node)]
        result: ir.Expr = OPAQUE
        if inside and inside[-1].type == "expression_statement" and not self._has_blanked(node, inside[-1]):
            last = inside[-1]
            for child in inside[:-1]:
                self.statement(child)
            value = next(children(last), None)
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
                value = next(children(child), None)
                return self.value(value) if value is not None else OPAQUE
            self.statement(child)
        return OPAQUE

    # ----------------------------------------------------------------------- expressions

    def expression_statement(self, node: Node) -> None:
        """An expression, or what a declaring macro or a computed goto looks like."""
        child = next(children(node), None)
        if child is None:
            return
        marks = self.unit.marks
        if marks:
            mark = marks.get(child.start_byte)
            if mark is not None and mark.kind is MarkKind.STATEMENT and mark.name == "goto":
                self.computed.append((self.current, self.at(child)))
                self.begin()
                return
        if child.type == "identifier" and self.loop_bodies and self.word(child) == _BODY.decode():
            self._loop_body()
            return
        if child.type == "call_expression":
            function = child.child_by_field_name("function")
            if function is not None and function.type == "identifier":
                declarer = DECLARERS.get(self.word(function))
                if declarer is not None:
                    self._declared_by(declarer, self.word(function), child.start_byte, False)
                    return
        self.effect(child)

    def _declared_by(self, declarer: Declarer, macro: str, start: int, static: bool) -> None:
        unit = self.unit
        found = arguments(unit.original, unit.original.index(b"(", start))
        if found is None or len(found[0]) <= max(declarer.name_arg, declarer.type_arg):
            return
        texts = [unit.original[a:b] for a, b in found[0]]
        type_ = self.type_of_text(declarer.type or texts[declarer.type_arg])
        if macro == "DEFINE_FLEX" or macro == "DEFINE_RAW_FLEX":
            type_ = ir.Pointer(type_)
        local = self.declare(texts[declarer.name_arg].decode("utf-8", "replace"), type_)
        values = self.declarer_values(declarer, texts, unit.place(start)[0])
        if static:
            self.statics.add(local.name)
            self.static_values[local.name] = values
        else:
            for value in values:
                target: ir.Expr = local
                for step in value.path:
                    target = ir.Field(target, step)
                self.assign(target, value.value, start)

    def declaration(self, node: Node) -> None:
        """Locals, with their initialisers as assignments."""
        static = False
        for child in node.named_children:
            if child.type == "storage_class_specifier":
                word = self.word(child)
                if word == "static":
                    static = True
                elif word in ("extern", "typedef"):
                    return
        type_node = node.child_by_field_name("type")
        declarators = node.children_by_field_name("declarator")
        if type_node is not None and type_node.type == "type_identifier" and declarators:
            word = self.word(type_node)
            first = declarators[0]
            if first.type in ("parenthesized_declarator", "function_declarator", "init_declarator"):
                opening = self.unit.original[type_node.end_byte : type_node.end_byte + 2].lstrip()[:1]
                declarer = DECLARERS.get(word)
                if opening == b"(" and declarer is not None:
                    self._declared_by(declarer, word, type_node.start_byte, static)
                    return
                if opening == b"(" and self._declaring_macro(word, type_node):
                    return
        base = self.specifier(type_node)
        frees = self._free_marks(node)
        auto = (
            type_node is not None
            and type_node.type == "type_identifier"
            and self.word(type_node) == "__auto_type"
        )
        for position, declarator in enumerate(declarators):
            value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
            name, type_, name_node = self.declarator(declarator, base)
            if not name or isinstance(type_, ir.FunctionType):
                continue
            initial: ir.Expr | None = None
            if auto and value is not None:
                initial = self.value(value)
                type_ = self.static_type(initial)
            local = self.declare(name, type_)
            if static:
                self.statics.add(local.name)
                if value is not None:
                    self.static_values[local.name] = self.static_initialiser(value, type_)
                continue
            if initial is not None:
                self.assign(local, initial, declarator.start_byte)
            elif value is not None:
                self.initialise_place(value, local, type_)
            until = declarators[position + 1].start_byte if position + 1 < len(declarators) else node.end_byte
            for mark in frees:
                if declarator.start_byte <= mark.start < until or (position == 0 and mark.start < until):
                    self.free_at_end(mark, local)
            if name_node is None:
                continue

    def _free_marks(self, node: Node) -> list[Mark]:
        marks = self.unit.marks
        if not marks:
            return []
        return [
            mark
            for mark in marks.values()
            if mark.kind is MarkKind.ATTRIBUTE
            and node.start_byte <= mark.start < node.end_byte
            and mark.name in ("__free", "__cleanup")
        ]

    def _declaring_macro(self, name: str, type_node: Node) -> bool:
        """``static DEFINE_FOO(x);`` with a macro that no table has: what it expands to, in this scope."""
        if self.symbols.modelled(name):
            return False
        macro = self.symbols.macro(name, self.path)
        if macro is None or macro.params is None:
            return False
        found = arguments(self.unit.original, self.unit.original.index(b"(", type_node.end_byte))
        if found is None:
            return False
        return self.expansion(macro, found[0], type_node.start_byte, False) is not None

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

    # ---------------------------------------------------------------------------- leaving

    def _leave_to(self, ways: list[tuple[int, Cleanup | None]]) -> None:
        if not ways:
            return
        target, cleanup = ways[-1]
        self.run_cleanups(cleanup)
        self.jump(target)
        self.begin()

    def return_statement(self, node: Node) -> None:
        """``return``: the value first, then the clean-ups of all scopes."""
        child = next(children(node), None)
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
        self.gotos.append((self.current, self._label(name, offset), self.cleanup, self.unit.place(offset)[0]))

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

    _units: list[Unit]

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
        for block, name, cleanup, _ in self.gotos:
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

    # ------------------------------------------------------------------------ loop macros

    def loop_macro(self, node: Node, mark: Mark) -> None:
        """A macro with a statement behind it: a guard, what it expands to, or a loop of unknown count."""
        if self.guard_loop(node, mark):
            return
        body = node.child_by_field_name("body") or node.child_by_field_name("consequence")
        if body is None:
            return
        if not self.symbols.modelled(mark.name) and self._expanded_loop(node, mark, body):
            return
        self._unknown_loop(mark, body)

    def _expanded_loop(self, node: Node, mark: Mark, body: Node) -> bool:
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
        parsed = self.parse_fragment(text + b" " + _BODY + b";", "statements")
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

    def _loop_body(self) -> None:
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
        self.loop(lambda: self.scoped(body), done, head)
        self.jump(head)
        self.resume(done)

    def scoped_body(self, body: Node, done: int, outside: object) -> None:
        around = outside if isinstance(outside, Cleanup) else None
        self.breaks.append((done, around))
        self.continues.append((done, around))
        self.scoped(body)
        self.breaks.pop()
        self.continues.pop()


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
    "break_statement": lambda self, node: self._leave_to(self.breaks),
    "continue_statement": lambda self, node: self._leave_to(self.continues),
    "attributed_statement": Statements.statements,
    "else_clause": Statements.statements,
    "ERROR": Statements._stray,
}
