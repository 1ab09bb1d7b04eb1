"""Expressions: from the syntax tree to ir values without side effects.

What comes in: an expression's node; what goes out: an :class:`gfplint.ir` expression, while calls,
assignments and choices between expressions that have such become instructions and blocks, left to right.

What is kept exactly: short-circuit evaluation (``a && f()`` branches), the sequence of assignments inside
expressions, the old value of ``x++``. ``a && b`` and ``a ? b : c`` without side effects stay one value, so
that what is known of ``a`` can be used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend.folding import (
    ONE,
    OPAQUE,
    STRING,
    ZERO,
    binary,
    character,
    lvalue,
    negation,
    number,
    type_name,
)
from gfplint.frontend.lower_builder import address, dereference
from gfplint.frontend.marks import MarkKind
from gfplint.frontend.types import Types, children

if TYPE_CHECKING:
    from tree_sitter import Node

_EFFECT = re.compile(
    rb"[\w)\]]\s*\((?!\s*\))|[\w)\]]\s*\(\s*\)|(?<![=!<>])=(?!=)|<<=|>>=|\+\+|--|\(\s*\{|__body"
)
_SIZEOF = re.compile(rb"\b(?:sizeof|typeof|__typeof__|__alignof__|return)\s*\(")
_VOID_POINTER = ir.Pointer(ir.Basic("void"))
_SIMPLE = (ir.Const, ir.Local, ir.Global, ir.Temp, ir.String)
_CONSTANT_NAMES: dict[str, ir.Expr] = {
    "NULL": ZERO,
    "true": ONE,
    "false": ZERO,
    "TRUE": ONE,
    "FALSE": ZERO,
    "__func__": STRING,
    "__FUNCTION__": STRING,
    "__FILE__": STRING,
}


def bare(node: Node) -> Node:
    """``node`` without the parentheses around it (those of a statement expression stay)."""
    while node.type == "parenthesized_expression":
        inner = next(iter(children(node)), None)
        if inner is None or inner.type == "compound_statement":
            return node
        node = inner
    return node


_MAX_OPERATORS = 200
"""Operators nested in one expression; the value of a longer one is not followed."""


class Expressions(Types):
    """Builder that reads expressions. Calls and macros come in the class above."""

    def call(self, node: Node, used: bool) -> ir.Expr:
        """A call or a macro's use. ``used``: its value matters."""
        raise NotImplementedError

    def object_macro(self, use: int, name: str) -> ir.Expr | None:
        """What an object-like macro used at ``use`` expands to; None where ``name`` stays as it is."""
        raise NotImplementedError

    def statement_expression(self, node: Node) -> ir.Expr:
        """The value of ``({ … })``."""
        raise NotImplementedError

    def compound_literal(self, node: Node) -> ir.Expr:
        """The value of ``(type){ … }``."""
        raise NotImplementedError

    def transparent(self, node: Node) -> Node | None:
        """The argument of a call that only passes it on (``likely(x)``); None for any other node."""
        raise NotImplementedError

    # --------------------------------------------------------------------------- dispatch

    def value(self, node: Node) -> ir.Expr:
        """The value of an expression."""
        handler = _HANDLERS.get(node.type)
        if handler is None:
            return OPAQUE
        return handler(self, node)

    def effect(self, node: Node) -> None:
        """An expression whose value is not used."""
        node = bare(node)
        kind = node.type
        if kind == "call_expression":
            self.call(node, False)
        elif kind == "update_expression":
            self.update(node, False)
        elif kind == "comma_expression":
            for child in children(node):
                self.effect(child)
        elif kind == "cast_expression":
            value = node.child_by_field_name("value")
            if value is not None:
                self.effect(value)
        elif kind == "conditional_expression":
            self.conditional(node, False)
        elif kind == "binary_expression" and self.has_effect(node):
            done = self.fresh()
            self.condition(node, done, done)
            self.resume(done)
        elif kind == "identifier" and node.start_byte not in self.unit.marks:
            name = self.word(node)
            if name not in self.names:
                self.object_macro(node.start_byte, name)
        else:
            self.value(node)

    def quiet_value(self, node: Node) -> ir.Expr | None:
        """The value of an unevaluated operand (``typeof``, ``sizeof``)."""
        unit, blocks, current, here, temps = self.unit, len(self.blocks), self.current, self.here, self.temps
        types = set(self.types)
        undo, cleanup = len(self.undo), self.cleanup
        self.begin()
        scratch = self.here
        value: ir.Expr | None = self.value(node)
        if len(self.blocks) > blocks + 1 or scratch:
            value = None
        self.forget(blocks)
        self.unit, self.current, self.here, self.temps, self.cleanup = unit, current, here, temps, cleanup
        self.unbind(undo)
        if len(self.types) != len(types):
            for name in [name for name in self.types if name not in types]:
                del self.types[name]
        return value

    def has_effect(self, node: Node) -> bool:
        """Whether the text of ``node`` may hold a call or an assignment; errs on the side of yes."""
        text = self.unit.text[node.start_byte : node.end_byte]
        if b"(" in text and (b"sizeof" in text or b"typeof" in text):
            text = _SIZEOF.sub(b"[", text)
        return _EFFECT.search(text) is not None

    # ------------------------------------------------------------------------- conditions

    def condition(self, node: Node, then: int, otherwise: int) -> None:
        """Close the block being written: go to ``then`` where the expression is not zero."""
        node = bare(node)
        kind = node.type
        if kind == "binary_expression":
            operator = node.child_by_field_name("operator")
            word = operator.type if operator is not None else ""
            if word in ("&&", "||") and self.has_effect(node):
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                if left is not None and right is not None:
                    middle = self.fresh()
                    if word == "&&":
                        self.condition(left, middle, otherwise)
                    else:
                        self.condition(left, then, middle)
                    self.resume(middle)
                    self.condition(right, then, otherwise)
                    return
        elif kind == "unary_expression":
            operator, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
            if operator is not None and operator.type == "!" and argument is not None:
                self.condition(argument, otherwise, then)
                return
        elif kind == "comma_expression":
            parts = list(children(node))
            for part in parts[:-1]:
                self.effect(part)
            self.condition(parts[-1], then, otherwise)
            return
        elif kind == "call_expression":
            inner = self.transparent(node)
            if inner is not None:
                self.condition(inner, then, otherwise)
                return
        at = self.at(node)
        self.branch(self.value(node), then, otherwise, at)

    def chosen(self, node: Node) -> ir.Expr:
        """The 0 or 1 that ``&&`` or ``||`` with a call inside leaves, chosen by blocks."""
        result = self.temp()
        yes, no, done = self.fresh(), self.fresh(), self.fresh()
        self.condition(node, yes, no)
        self.resume(yes)
        self.assign(result, ONE, node.start_byte)
        self.jump(done)
        self.resume(no)
        self.assign(result, ZERO, node.start_byte)
        self.start(done)
        return result

    def conditional(self, node: Node, used: bool = True) -> ir.Expr:
        """``a ? b : c``."""
        test, yes, no = (node.child_by_field_name(n) for n in ("condition", "consequence", "alternative"))
        if test is None or no is None:
            return OPAQUE
        if yes is None:  # GNU's a ?: b
            value = self.value(test)
            if isinstance(value, ir.Const):
                return value if value.value else self.value(no)
            if not self.has_effect(no):
                return ir.Select(value, value, self.value(no))
            at = self.at(node)
            return self.either(node, lambda then, otherwise: self.branch(value, then, otherwise, at),
                                lambda: value, lambda: self.value(no), used)  # fmt: skip
        if not self.has_effect(yes) and not self.has_effect(no):
            value = self.value(test)
            if isinstance(value, ir.Const):
                return self.value(yes if value.value else no)
            return ir.Select(value, self.value(yes), self.value(no))
        return self.either(node, lambda then, otherwise: self.condition(test, then, otherwise),
                            lambda: self.value(yes), lambda: self.value(no), used)  # fmt: skip

    def either(
        self,
        node: Node,
        decide: Callable[[int, int], None],
        yes: Callable[[], ir.Expr],
        no: Callable[[], ir.Expr],
        used: bool,
    ) -> ir.Expr:
        """What one of two arms gives, written into blocks of their own."""
        result = self.temp() if used else None
        then, otherwise, done = self.fresh(), self.fresh(), self.fresh()
        decide(then, otherwise)
        for block, arm in ((then, yes), (otherwise, no)):
            self.resume(block)
            value = arm()
            if result is not None:
                self.assign(result, value, node.start_byte)
            self.jump(done)
        self.resume(done)
        return result or OPAQUE

    # ----------------------------------------------------------------------------- leaves

    def identifier(self, node: Node) -> ir.Expr:
        """A name: a local, or what it stands for."""
        marks = self.unit.marks
        if marks:
            mark = marks.get(node.start_byte)
            if mark is not None and mark.kind is MarkKind.TYPE:
                return OPAQUE
        return self.named(node.start_byte, self.word(node))

    def named(self, use: int, name: str) -> ir.Expr:
        """What ``name`` means at ``use``."""
        found = self.names.get(name)
        if found is not None:
            return found
        constant = _CONSTANT_NAMES.get(name)
        if constant is not None:
            return constant
        expanded = self.object_macro(use, name)
        return expanded if expanded is not None else ir.Global(name)

    def _parenthesized(self, node: Node) -> ir.Expr:
        inner = next(iter(children(node)), None)
        if inner is None:
            return OPAQUE
        if inner.type == "compound_statement":
            return self.statement_expression(inner)
        return self.value(inner)

    # -------------------------------------------------------------------------- operators

    def _unary(self, node: Node) -> ir.Expr:
        operator, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
        if operator is None or argument is None:
            return OPAQUE
        value = self.value(argument)
        word = operator.type
        if word == "!":
            return negation(value)
        if word == "+":
            return value
        if word == "-" and isinstance(value, ir.Const):
            return ir.Const(-value.value)
        if word in ("-", "~"):
            return ir.Unary(word, value)
        return OPAQUE

    def _pointer(self, node: Node) -> ir.Expr:
        argument = node.child_by_field_name("argument")
        if argument is None:
            return OPAQUE
        text = self.unit.text
        star = text.startswith(b"*", node.start_byte)
        if not star and argument.type == "pointer_expression" and text.startswith(b"&", argument.start_byte):
            return OPAQUE  # the address of a label, &&name
        value = self.value(argument)
        return dereference(value) if star else address(value)

    def _field(self, node: Node) -> ir.Expr:
        argument, name = node.child_by_field_name("argument"), node.child_by_field_name("field")
        if argument is None or name is None:
            return OPAQUE
        base = self.value(argument)
        operator = node.child_by_field_name("operator")
        if operator is None or operator.type == "->":
            base = dereference(base)
        return self.member(base, self.word(name))

    def member(self, base: ir.Expr, name: str) -> ir.Expr:
        """``base.name``; the class above looks for macros that rename fields."""
        return self.field(base, name)

    def _subscript(self, node: Node) -> ir.Expr:
        argument, index = node.child_by_field_name("argument"), node.child_by_field_name("index")
        if argument is None or index is None:
            return OPAQUE
        base = self.value(argument)
        return ir.Index(base, self.value(index))

    def _binary(self, node: Node) -> ir.Expr:
        operator = node.child_by_field_name("operator")
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if operator is None or left is None or right is None:
            return OPAQUE
        word = operator.type
        if word in ("&&", "||") and self.has_effect(node):
            return self.chosen(node)
        if left.type == "parenthesized_expression" and word in "*&-+":
            # (u32)*p, which the grammar takes for a product.
            inner = bare(left)
            if (
                inner.type == "identifier"
                and type_name(self.word(inner))
                and self.word(inner) not in self.names
            ):
                value = self.value(right)
                if word == "*":
                    value = dereference(value)
                elif word == "&":
                    value = address(value)
                elif word == "-":
                    value = ir.Const(-value.value) if isinstance(value, ir.Const) else ir.Unary("-", value)
                return ir.Cast(ir.Named(self.word(inner)), value)
        first = self.value(left)
        second = self.value(right)
        if depth(first, _MAX_OPERATORS) >= _MAX_OPERATORS:
            return OPAQUE  # a generated sum of thousands of terms, too deep to be hashed again and again
        return binary(word, first, second)

    def _assignment(self, node: Node) -> ir.Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None:
            return OPAQUE
        target = lvalue(self.value(left))
        value = self.value(right)
        word = operator.type if operator is not None else "="
        if word != "=":
            value = ir.Binary(word[:-1], target, value)
        self.assign(target, value, node.start_byte)
        if isinstance(target, (ir.Local, ir.Temp)):
            return target
        return value if isinstance(value, _SIMPLE) else target

    def update(self, node: Node, used: bool = True) -> ir.Expr:
        """``++x`` and ``x++``."""
        argument, operator = node.child_by_field_name("argument"), node.child_by_field_name("operator")
        if argument is None or operator is None:
            return OPAQUE
        target = lvalue(self.value(argument))
        after = operator.start_byte > argument.start_byte
        old: ir.Expr = target
        if used and after:
            old = self.temp()
            self.assign(old, target, node.start_byte)
        self.assign(target, ir.Binary(operator.type[0], target, ONE), node.start_byte)
        return old

    def _comma(self, node: Node) -> ir.Expr:
        parts = list(children(node))
        for part in parts[:-1]:
            self.effect(part)
        return self.value(parts[-1]) if parts else OPAQUE

    def _cast(self, node: Node) -> ir.Expr:
        type_, value = node.child_by_field_name("type"), node.child_by_field_name("value")
        if value is None:
            return OPAQUE
        if type_ is not None and value.type in ("unary_expression", "pointer_expression"):
            # (x) - y with a local x, which the grammar takes for a cast.
            name = type_.child_by_field_name("type")
            local = (
                self.names.get(self.word(name)) if name is not None and type_.named_child_count == 1 else None
            )
            operand = value.child_by_field_name("argument")
            if (
                local is not None
                and name is not None
                and name.type == "type_identifier"
                and operand is not None
            ):
                operator = self.unit.text[value.start_byte : value.start_byte + 1].decode()
                return binary(operator, local, self.value(operand))
        lowered = self.specifier(type_)
        inner = self.value(value)
        if lowered == _VOID_POINTER and inner == ZERO:
            return ZERO
        return ir.Cast(lowered, inner)

    def _sizeof(self, node: Node) -> ir.Expr:
        type_ = node.child_by_field_name("type")
        if type_ is not None:
            return ir.Sizeof(self.specifier(type_))
        value = node.child_by_field_name("value")
        if value is None:
            return OPAQUE
        operand = bare(value)
        if operand.type == "identifier":
            mark = self.unit.marks.get(operand.start_byte)
            if mark is not None and mark.kind is MarkKind.TYPE:
                return ir.Sizeof(self.type_of_text(mark.text))
            if operand is not value and self.word(operand) not in self.names:
                return ir.Sizeof(ir.Named(self.word(operand)))
        found = self.quiet_value(value)
        return ir.Sizeof(self.static_type(found)) if found is not None else OPAQUE

    def _generic(self, node: Node) -> ir.Expr:
        raise NotImplementedError

    def _asm(self, node: Node) -> ir.Expr:
        outputs = node.child_by_field_name("output_operands")
        if outputs is not None:
            for operand in children(outputs):
                value = operand.child_by_field_name("value")
                if value is not None:
                    target = self.value(value)
                    if isinstance(target, (ir.Local, ir.Field, ir.Deref, ir.Index, ir.Global)):
                        self.assign(target, OPAQUE, operand.start_byte)
        return OPAQUE

    def _error(self, node: Node) -> ir.Expr:
        result: ir.Expr = OPAQUE
        for child in children(node):
            result = self.value(child)
        return result


_HANDLERS: dict[str, Callable[[Expressions, Node], ir.Expr]] = {
    "identifier": lambda self, node: self.identifier(node),
    "number_literal": lambda self, node: number(self.word(node)),
    "char_literal": lambda self, node: character(self.word(node)),
    "string_literal": lambda self, node: STRING,
    "concatenated_string": lambda self, node: STRING,
    "true": lambda self, node: ONE,
    "false": lambda self, node: ZERO,
    "null": lambda self, node: ZERO,
    "parenthesized_expression": Expressions._parenthesized,
    "unary_expression": Expressions._unary,
    "pointer_expression": Expressions._pointer,
    "field_expression": Expressions._field,
    "subscript_expression": Expressions._subscript,
    "binary_expression": Expressions._binary,
    "assignment_expression": Expressions._assignment,
    "update_expression": lambda self, node: self.update(node),
    "conditional_expression": lambda self, node: self.conditional(node),
    "comma_expression": Expressions._comma,
    "cast_expression": Expressions._cast,
    "sizeof_expression": Expressions._sizeof,
    "generic_expression": lambda self, node: self._generic(node),
    "compound_literal_expression": lambda self, node: self.compound_literal(node),
    "call_expression": lambda self, node: self.call(node, True),
    "gnu_asm_expression": Expressions._asm,
    "compound_statement": lambda self, node: self.statement_expression(node),
    "ERROR": Expressions._error,
    "initializer_list": Expressions._error,
}


def depth(expr: ir.Expr, most: int) -> int:
    """How many binary operators are nested on the left of an expression, counted up to ``most``."""
    count = 0
    while isinstance(expr, ir.Binary) and count < most:
        count += 1
        expr = expr.left
    return count
