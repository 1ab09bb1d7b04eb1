"""The expressions of ``#if``: integers, operators, ``defined``, and names asked of the caller."""

from __future__ import annotations

import re
from collections.abc import Callable


class ConditionError(Exception):
    """The text is no expression of the preprocessor."""


_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)[uUlL]*|(?P<char>'(?:\\.|[^'\\])')|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<op>\|\||&&|<<|>>|[<>=!]=|[-+*/%<>!~&|^?:(),]))"
)
_BINARY: dict[str, int] = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_MAX_DEPTH = 100


def evaluate(
    text: str,
    defined: Callable[[str], bool],
    value: Callable[[str], int | None],
    call: Callable[[str, list[str]], int | None],
) -> int:
    """The value of an expression. ``defined(name)`` answers ``defined X``; ``value(name)`` gives an
    identifier's number and ``call(name, arguments)`` that of a macro with arguments, None where they don't
    know: an identifier is then 1 or 0 as it is defined, a macro with arguments 0. Raises
    :class:`ConditionError`.
    """
    return _Parser(text, defined, value, call).whole()


class _Parser:
    def __init__(
        self,
        text: str,
        defined: Callable[[str], bool],
        value: Callable[[str], int | None],
        call: Callable[[str, list[str]], int | None],
    ) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise ConditionError(text)
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self.tokens.append(("end", ""))
        self.at = 0
        self.depth = 0
        self.defined = defined
        self.value = value
        self.call = call

    def whole(self) -> int:
        result = self.ternary()
        if self.tokens[self.at][0] != "end":
            raise ConditionError
        return result

    def next(self) -> tuple[str, str]:
        token = self.tokens[self.at]
        if token[0] != "end":
            self.at += 1
        return token

    def accept(self, operator: str) -> bool:
        if self.tokens[self.at] == ("op", operator):
            self.at += 1
            return True
        return False

    def expect(self, operator: str) -> None:
        if not self.accept(operator):
            raise ConditionError

    def ternary(self) -> int:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ConditionError
        condition = self.binary(1)
        if self.accept("?"):
            yes = self.ternary()
            self.expect(":")
            no = self.ternary()
            condition = yes if condition else no
        self.depth -= 1
        return condition

    def binary(self, lowest: int) -> int:
        left = self.unary()
        while True:
            kind, operator = self.tokens[self.at]
            precedence = _BINARY.get(operator, 0) if kind == "op" else 0
            if precedence < lowest:
                return left
            self.at += 1
            left = _apply(operator, left, self.binary(precedence + 1))

    def unary(self) -> int:
        kind, text = self.next()
        if kind == "number":
            return int(text, 8) if text.isdecimal() and text[0] == "0" and text != "0" else int(text, 0)
        if kind == "char":
            return ord(text[-2])
        if kind == "name":
            return self.name(text)
        if kind == "op" and text in "!~-+(":
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                raise ConditionError
            if text == "(":
                result = self.ternary()
                self.expect(")")
            else:
                operand = self.unary()
                result = int(not operand) if text == "!" else ~operand if text == "~" else operand
                if text == "-":
                    result = -operand
            self.depth -= 1
            return result
        raise ConditionError

    def name(self, name: str) -> int:
        if name == "defined":
            parenthesis = self.accept("(")
            kind, operand = self.next()
            if kind != "name":
                raise ConditionError
            if parenthesis:
                self.expect(")")
            return int(self.defined(operand))
        if self.accept("("):
            arguments: list[str] = [""]
            depth = 1
            while True:
                kind, text = self.next()
                if kind == "end":
                    raise ConditionError
                depth += (text == "(") - (text == ")") if kind == "op" else 0
                if not depth:
                    break
                if depth == 1 and text == ",":
                    arguments.append("")
                else:
                    arguments[-1] += text
            return self.call(name, arguments) or 0
        number = self.value(name)
        return int(self.defined(name)) if number is None else number


def _apply(operator: str, left: int, right: int) -> int:
    match operator:
        case "||":
            return int(bool(left or right))
        case "&&":
            return int(bool(left and right))
        case "|":
            return left | right
        case "^":
            return left ^ right
        case "&":
            return left & right
        case "==":
            return int(left == right)
        case "!=":
            return int(left != right)
        case "<":
            return int(left < right)
        case ">":
            return int(left > right)
        case "<=":
            return int(left <= right)
        case ">=":
            return int(left >= right)
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "<<" | ">>":
            if not 0 <= right < 64:
                raise ConditionError
            return left << right if operator == "<<" else left >> right
        case _:
            if right == 0:
                raise ConditionError
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return quotient if operator == "/" else left - quotient * right
