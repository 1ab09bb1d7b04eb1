"""C expressions and prototypes as the rules and models write them → IR expressions and types.

What comes in: short texts (``"&dev->mutex"``, ``"result == 0"``, ``"void *kmalloc(size_t size, gfp_t
flags);"``). What goes out: :mod:`gfplint.ir` expressions and :class:`Prototype`. pycparser does the parsing
and is imported at the first use (20 ms), so that commands which read no model don't pay for it.

Differences from C proper, all of them for the writer's comfort:

* type names need no typedef: an identifier that stands where only a type can stand is one, and so is every
  name that ends in ``_t`` and the kernel's ``u8``…``s64``, ``__le16``… family;
* attributes that say nothing here (``__user``, ``__must_check``, ``static inline``) are skipped;
* ``NULL``, ``true`` and ``false`` are constants; ``KERNEL_VERSION(a, b, c)`` is the number that the kernel's
  macro gives, ``BIT(n)`` and ``BIT_ULL(n)`` are shifts. No other call is allowed: an expression has no side
  effects.

Errors: :class:`gfplint.errors.ModelError`, with the place that the caller passed as ``where``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NoReturn

from gfplint import ir
from gfplint.errors import ModelError


@dataclass(frozen=True, slots=True)
class Prototype:
    """A function's declaration; a ``static inline`` one and a macro's invented one look the same.

    ``params`` are (name, type) pairs, empty for ``(void)``; every parameter has a name.
    """

    name: str
    params: tuple[tuple[str, ir.Type], ...]
    variadic: bool
    returns: ir.Type

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names, in order."""
        return tuple(name for name, _ in self.params)


_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """auto break case char const continue default do double else enum extern float for goto if inline
        int long register restrict return short signed sizeof static struct switch typedef union unsigned void
        volatile while _Bool _Complex _Noreturn _Thread_local _Static_assert _Atomic _Alignas __int128""",
    )
)
# Words that C's grammar has before a declarator and that carry no meaning for a model.
_SKIPPED = re.compile(
    r"\b(?:extern|static|inline|__always_inline|noinline|asmlinkage|__user|__iomem|__rcu|__percpu|__force|__must_check"
    r"|__malloc|__cold|__init|__exit|__sched|__printf|__noreturn|__bitwise|__deprecated|__maybe_unused)\b"
    r"|__(?:acquires|releases|must_hold|attribute__|alloc_size|printf|scanf)\s*\((?:[^()]|\([^()]*\))*\)"
)
_BASIC = frozenset(
    re.findall(r"\w+", "void char short int long float double signed unsigned _Bool bool __int128")
)
_TYPEDEF_LIKE = re.compile(r"(?:\w+_t|bool|u?int(?:8|16|32|64)|_*[us](?:8|16|32|64)|__[bl]e(?:16|32|64))\Z")
_TOKEN = re.compile(r"[A-Za-z_]\w*|\S")
_INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9]\d*)[uUlL]*\Z")
_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "a": 7, "b": 8, "f": 12, "v": 11, "\\": 92, "'": 39, '"': 34}


def kernel_version(major: int, minor: int, patch: int = 0) -> int:
    """``KERNEL_VERSION(major, minor, patch)`` as include/generated/uapi/linux/version.h has it: the last part
    is one byte and saturates (since 4.4.256 and 4.9.256 existed).
    """
    return (major << 16) + (minor << 8) + min(patch, 255)


def parse_expression(text: str, params: Collection[str] = (), where: str = "") -> ir.Expr:
    """Parse one C expression.

    ``params``: names that become :class:`ir.Local`; all others become :class:`ir.Global`.
    ``where``: ``file:line`` for messages. Raises :class:`ModelError` when ``text`` is not an expression
    without calls.
    """
    if not text.strip():
        _fail(where, "an expression is empty")
    typedefs = sorted({name for name in _TOKEN.findall(text) if _TYPEDEF_LIKE.match(name)} - set(params))
    unit = _parse(f"int expression =\n{text}\n;", typedefs, where, text)
    if len(unit.ext) != 1 or unit.ext[0].init is None:
        _fail(where, f"{text!r} is not one C expression")
    return _Converter(frozenset(params), where, text).expression(unit.ext[0].init)


def parse_prototype(text: str, where: str = "") -> Prototype:
    """Parse one function declaration, with or without its semicolon.

    Raises :class:`ModelError` when it is something else, or when a parameter has no name or one that is
    taken.
    """
    plain = _SKIPPED.sub(lambda match: " " * len(match[0]), text).strip().rstrip(";")
    unit = _parse(f"\n{plain}\n;", _typedef_names(plain), where, text)
    converter = _Converter(frozenset(), where, text)
    declaration: Any = unit.ext[-1] if unit.ext else None
    function: Any = getattr(declaration, "type", None)
    if declaration is None or len(unit.ext) != 1 or type(function).__name__ != "FuncDecl":
        _fail(where, f"{text.strip()!r} is not the declaration of one function")
    params: list[tuple[str, ir.Type]] = []
    variadic = False
    for param in function.args.params if function.args is not None else ():
        kind = type(param).__name__
        if kind == "EllipsisParam":
            variadic = True
            continue
        name = getattr(param, "name", None)
        if not name:
            if len(function.args.params) == 1 and converter.type(param.type) == ir.Basic("void"):
                continue  # (void)
            _fail(where, f"parameter {len(params) + 1} of {declaration.name}() has no name")
        if any(name == earlier for earlier, _ in params):
            _fail(where, f"two parameters of {declaration.name}() are called {name!r}")
        params.append((name, converter.type(param.type)))
    return Prototype(declaration.name, tuple(params), variadic, converter.type(function.type))


def names_in(expression: ir.Expr) -> set[str]:
    """All identifiers, local and global, that occur in ``expression``."""
    found: set[str] = set()
    stack: list[Any] = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, ir.Local | ir.Global):
            found.add(node.name)
        else:
            children = [getattr(node, slot) for slot in getattr(node, "__slots__", ())]
            stack.extend(child for child in children if hasattr(child, "__slots__"))
    return found


def _fail(where: str, what: str) -> NoReturn:
    raise ModelError(f"{where}: {what}." if where else f"{what[0].upper()}{what[1:]}.")


def _typedef_names(text: str) -> list[str]:
    """The identifiers in the prototype ``text`` that C's grammar must be told are types, sorted.

    Besides those named like types: one that is followed, across ``*`` and ``const``, by another identifier.
    """
    found = set()
    tokens = _TOKEN.findall(text)
    function = next((token for token, after in zip(tokens, tokens[1:], strict=False) if after == "("), "")
    for at, token in enumerate(tokens):
        if token == function or token in _KEYWORDS or not (token[0].isalpha() or token[0] == "_"):
            continue
        before = tokens[at - 1] if at else ""
        if before in ("struct", "union", "enum", ".", ">"):
            continue
        if _TYPEDEF_LIKE.match(token):
            found.add(token)
            continue
        if before in ("(", ",", "", "const", "volatile"):
            following = at + 1
            while following < len(tokens) and tokens[following] in ("*", "const", "volatile"):
                following += 1
            if following < len(tokens):
                after = tokens[following]
                is_name = (after[0].isalpha() or after[0] == "_") and after not in _KEYWORDS
                if is_name or (after == "(" and following + 1 < len(tokens) and tokens[following + 1] == "*"):
                    found.add(token)
    return sorted(found)


def _parse(text: str, typedefs: list[str], where: str, shown: str) -> Any:
    """Run pycparser; ``text`` starts on its second line so that the typedefs in front need no accounting."""
    from pycparser.c_parser import CParser, ParseError

    try:
        unit = CParser().parse("".join(f"typedef int {name};" for name in typedefs) + text)
    except (ParseError, AssertionError) as error:
        reason = re.sub(r"^:?\d+:\d+:\s*", "", str(error)) or "syntax error"
        _fail(where, f"{shown.strip()!r} is not C that can be read here ({reason})")
    del unit.ext[: len(typedefs)]
    return unit


class _Converter:
    """pycparser's tree → IR, for one text."""

    def __init__(self, params: frozenset[str], where: str, text: str) -> None:
        self._params = params
        self._where = where
        self._text = text

    def _unfit(self, what: str) -> NoReturn:
        _fail(self._where, f"{self._text.strip()!r} has {what}, which can't be used here")

    def expression(self, node: Any) -> ir.Expr:
        """Convert one expression node."""
        kind = type(node).__name__
        if kind == "ID":
            return self._identifier(node.name)
        if kind == "Constant":
            return self._constant(node.type, node.value)
        if kind == "StructRef":
            base = self.expression(node.name)
            return ir.Field(ir.Deref(base) if node.type == "->" else base, node.field.name)
        if kind == "ArrayRef":
            return ir.Index(self.expression(node.name), self.expression(node.subscript))
        if kind == "BinaryOp":
            return ir.Binary(node.op, self.expression(node.left), self.expression(node.right))
        if kind == "UnaryOp":
            return self._unary(node)
        if kind == "TernaryOp":
            return ir.Select(
                self.expression(node.cond), self.expression(node.iftrue), self.expression(node.iffalse)
            )
        if kind == "Cast":
            return ir.Cast(self.type(node.to_type.type), self.expression(node.expr))
        if kind == "FuncCall":
            return self._call(node)
        words = {"Assignment": "an assignment", "ExprList": "a comma", "InitList": "an initialiser list"}
        self._unfit(words.get(kind, f"a {kind}"))

    def _identifier(self, name: str) -> ir.Expr:
        if name in self._params:
            return ir.Local(name)
        if name in ("NULL", "false"):
            return ir.Const(0)
        return ir.Const(1) if name == "true" else ir.Global(name)

    def _constant(self, kind: str, value: str) -> ir.Expr:
        if kind == "string":
            return ir.String()
        if kind == "char":
            body = value.strip("'")
            return ir.Const(_ESCAPES.get(body[1:], 0) if body.startswith("\\") else ord(body))
        match = _INTEGER.match(value)
        if match is None:
            self._unfit(f"the number {value}")
        digits = match[1]
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        return ir.Const(int(digits, 8) if octal else int(digits, 0))

    def _unary(self, node: Any) -> ir.Expr:
        if node.op == "sizeof":
            if type(node.expr).__name__ == "Typename":
                return ir.Sizeof(self.type(node.expr.type))
            return ir.Sizeof(ir.TypeOf(self.expression(node.expr)))
        operand = self.expression(node.expr)
        if node.op == "&":
            return ir.AddressOf(operand)
        if node.op == "*":
            return ir.Deref(operand)
        if node.op == "+":
            return operand
        if node.op in ("-", "~", "!"):
            return ir.Unary(node.op, operand)
        self._unfit(f"a side effect ({node.op.replace('p', '')})")

    def _call(self, node: Any) -> ir.Expr:
        name = getattr(node.name, "name", "")
        args = [self.expression(arg) for arg in node.args.exprs] if node.args is not None else []
        values = [arg.value for arg in args if isinstance(arg, ir.Const)]
        if name == "KERNEL_VERSION" and len(values) == len(args) == 3:
            return ir.Const(kernel_version(*values))
        if name in ("BIT", "BIT_ULL") and len(args) == 1:
            return ir.Binary("<<", ir.Const(1), args[0])
        self._unfit(f"a call of {name}()" if name else "a call")

    def type(self, node: Any) -> ir.Type:
        """Convert one type node (declarator chain)."""
        kind = type(node).__name__
        if kind in ("TypeDecl", "Typename"):
            return self.type(node.type)
        if kind == "IdentifierType":
            name = " ".join(node.names)
            return ir.Basic(name) if _BASIC.issuperset(node.names) else ir.Named(name)
        if kind == "PtrDecl":
            return ir.Pointer(self.type(node.type))
        if kind == "ArrayDecl":
            return ir.Array(self.type(node.type))
        if kind in ("Struct", "Union"):
            return ir.Record(kind.lower(), node.name or "")
        if kind == "Enum":
            return ir.Basic("int")
        if kind == "FuncDecl":
            args = node.args.params if node.args is not None else ()
            types = tuple(self.type(arg.type) for arg in args if type(arg).__name__ != "EllipsisParam")
            return ir.FunctionType(self.type(node.type), () if types == (ir.Basic("void"),) else types)
        return ir.UnknownType()
