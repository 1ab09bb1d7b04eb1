"""Calls, and what looks like one: macros, compiler builtins, the kernel's words that are part of its C.

What comes in: a call's node; what goes out: an ir.Call, or what the macro expands to, lowered in place.
A macro that cannot be expanded (unknown, too deep, its expansion no C) becomes a call to its name with its
arguments, so that nothing is lost.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from gfplint import ir
from gfplint.frontend.declarers import DECLARERS
from gfplint.frontend.expressions import bare
from gfplint.frontend.folding import OPAQUE, ZERO, number, type_name
from gfplint.frontend.intrinsics import INTRINSICS, PASS_ON, Intrinsics
from gfplint.frontend.lower_builder import Unit
from gfplint.frontend.macros import MAX_DEPTH, MAX_TOTAL, MacroDefinition, arguments, expand
from gfplint.frontend.types import children

if TYPE_CHECKING:
    from tree_sitter import Node

    from gfplint.frontend.parse import Parsed

_PLAIN_NAME = re.compile(rb"\(*\s*([A-Za-z_]\w*)\s*\)*\Z")
_FIELDS = re.compile(rb"[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*\Z")
_CALLS = re.compile(
    rb"\b(?!sizeof\b|typeof\b|__typeof__\b|defined\b|__attribute__\b)[A-Za-z_]\w*\s*\(|\{|->|\["
)
_PASTING = re.compile(rb"\b(\w*(?:UNIQUE_ID|PASTE|CONCAT|CONCATENATE))\s*\(\s*(\w+(?:\s*,\s*\w+)*)\s*\)")
_ASSOCIATION = re.compile(
    rb"\s*((?:const\s+|struct\s+|union\s+|unsigned\s+|signed\s+)*\w[\w\s]*\**)\s*:(.*)\Z", re.S
)
_USE = re.compile(rb"\s*([A-Za-z_]\w*)\s*\(")
_NUMBER = re.compile(rb"[\s(]*(0[xX][\da-fA-F]+|\d+)[uUlL]*[\s)]*\Z")
_NOTHING = re.compile(
    rb"\s*(?:do\s*\{[\s;]*\}\s*while\s*\(\s*(?:0|false)\s*\)|\(*\s*(?:\(\s*void\s*\))?\s*\(?0\)?\s*\)*"
    rb"|(?:__)?asm(?:__)?\s*(?:__volatile__|volatile)?\s*\(\s*\"\"\s*(?::\s*:\s*:\s*\"memory\"\s*)?\))?\s*;?\s*\Z"
)
_WORD = re.compile(rb"[A-Za-z_]\w*")
_LVALUE = re.compile(rb"\(*\s*[&*]\s*[A-Za-z_(]|[\w)]\s*\.\s*[A-Za-z_]")

FragmentKind = Literal["statements", "expression", "type", "declaration"]


class Calls(Intrinsics):
    """Builder that reads calls and expands macros."""

    def parse_fragment(self, text: bytes, kind: FragmentKind) -> Parsed:
        """Parse text that is not in the file as it stands."""
        raise NotImplementedError

    def statements(self, node: Node) -> None:
        """The statements inside ``node``, in the scope that is open."""
        raise NotImplementedError

    def guard_statement(self, node: Node, inner: Node) -> bool:
        """``guard(name)(args)`` and ``CLASS(name, var)(args)``; False where it is neither."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------ calls

    def call(self, node: Node, used: bool) -> ir.Expr:
        """A call of any kind; see the module."""
        function = node.child_by_field_name("function")
        args = node.child_by_field_name("arguments")
        if function is None or args is None:
            return OPAQUE
        plain = False
        if function.type in ("parenthesized_expression", "call_expression"):
            cast = self._cast_call(bare(function), args)
            if cast is not None:
                return cast
            function = bare(function)
            plain = True  # (f)(x) keeps a macro f(x) from being expanded
        if function.type == "identifier":
            name = self.word(function)
            local = self.names.get(name)
            if local is not None and not self._macro_in_spite_of(name, local):
                return self.plain(node, local, args)
            if name in INTRINSICS:
                result = self.intrinsic(name, node, args)
                if result is not None:
                    return result
            if not self.symbols.modelled(name):
                macro = self.symbols.macro(name, self.path)
                if macro is not None and not (plain and macro.params is not None):
                    found = self._macro_call(node, macro, args, used)
                    if found is not None:
                        return found
            return self.plain(node, ir.Global(name), args)
        if function.type == "call_expression":
            inner = function.child_by_field_name("function")
            guards = (
                inner is not None and inner.type == "identifier" and self.word(inner) in ("guard", "CLASS")
            )
            if guards and self.guard_statement(node, function):
                return OPAQUE
        return self._through(node, function, args, used)

    def _through(self, node: Node, function: Node, args: Node, used: bool) -> ir.Expr:
        """A call of what an expression points to; ``*f`` and ``&f`` are ``f``."""
        while function.type == "pointer_expression" and self.unit.text.startswith(b"*", function.start_byte):
            argument = function.child_by_field_name("argument")
            if argument is None:
                break
            function = bare(argument)
        if function.type == "conditional_expression":
            chosen = self._chosen_call(node, function, args, used)
            if chosen is not None:
                return chosen
        target = self.value(function)
        while isinstance(target, ir.Deref):
            target = target.pointer
        if isinstance(target, ir.AddressOf):
            target = target.operand
        return self.plain(node, target, args)

    def _chosen_call(self, node: Node, function: Node, args: Node, used: bool) -> ir.Expr | None:
        """``(write ? up_write : up_read)(lock)``: one call or the other."""
        test, yes, no = (
            function.child_by_field_name(name) for name in ("condition", "consequence", "alternative")
        )
        if test is None or yes is None or no is None:
            return None
        return self.either(
            node,
            lambda then, otherwise: self.condition(test, then, otherwise),
            lambda: self._through(node, bare(yes), args, used),
            lambda: self._through(node, bare(no), args, used),
            used,
        )

    def _cast_call(self, function: Node, args: Node) -> ir.Expr | None:
        """``(u32)(x)``, which the grammar takes for a call. A function's name in parentheses, which keeps a
        macro of that name from being expanded, is told from a type by there being such a macro or function.
        """
        inside = list(children(args))
        if len(inside) != 1:
            return None
        if function.type == "call_expression":
            inner = function.child_by_field_name("function")
            if inner is not None and inner.type == "identifier" and "typeof" in self.word(inner):
                return self.value(inside[0])
            if inner is not None and inner.type == "parenthesized_expression":
                return self._double_cast(inner, function.child_by_field_name("arguments"), inside[0])
            return None
        if function.type != "identifier":
            return None
        name = self.word(function)
        if name in self.names or self.symbols.modelled(name):
            return None
        if self.unit.marks.get(function.start_byte) is None:
            macro = None if type_name(name) else self.symbols.macro(name, self.path)
            if macro is not None and (macro.params is not None or _CALLS.search(macro.body)):
                return None
            if macro is None and not type_name(name) and self.symbols.function(name, self.path):
                return None
            return ir.Cast(ir.Named(name), self.value(inside[0]))
        return ir.Cast(self.specifier(function), self.value(inside[0]))

    def _double_cast(self, outer: Node, inner: Node | None, operand: Node) -> ir.Expr | None:
        """``(__u64)(__le64)(x)``, which the grammar takes for a call of what a call gives."""
        named = bare(outer)
        types = list(children(inner)) if inner is not None else []
        if named.type != "identifier" or len(types) != 1 or types[0].type != "identifier":
            return None
        words = [self.word(named), self.word(types[0])]
        if any(not type_name(word) or word in self.names for word in words):
            return None
        return ir.Cast(ir.Named(words[0]), ir.Cast(ir.Named(words[1]), self.value(operand)))

    def _macro_in_spite_of(self, name: str, local: ir.Expr) -> bool:
        """Whether ``bio_sectors(bio)`` is the macro although a number of that name is in scope."""
        if not isinstance(local, ir.Local) or not isinstance(self.types.get(local.name), ir.Basic):
            return False
        macro = self.symbols.macro(name, self.path)
        return macro is not None and macro.params is not None

    def plain(self, node: Node, function: ir.Expr, args: Node) -> ir.Expr:
        """A call, its arguments evaluated left to right."""
        values = tuple([self.value(child) for child in children(args)])
        return self.emit_call(function, values, node.start_byte)

    def transparent(self, node: Node) -> Node | None:
        """The argument of an annotation such as ``likely()``."""
        function, args = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or args is None or function.type != "identifier":
            return None
        if self.word(function) not in PASS_ON:
            return None
        return next(iter(children(args)), None)

    # ----------------------------------------------------------------------------- macros

    def _macro_call(self, node: Node, macro: MacroDefinition, args: Node, used: bool) -> ir.Expr | None:
        unit = self.unit
        if macro.name in unit.active_at(node.start_byte):
            return None
        if macro.params is None:
            return self._alias_call(node, macro, args, used)
        if not macro.body:
            # Nothing is left, arguments included.
            return ZERO if used else OPAQUE
        found = arguments(unit.original, args.start_byte)
        if found is None:
            return None
        return self.expansion(macro, found[0], node.start_byte, used)

    def _alias_call(self, node: Node, macro: MacroDefinition, args: Node, used: bool) -> ir.Expr | None:
        """A call whose function's name is an object-like macro."""
        seen = {macro.name}
        body = macro.body
        while True:
            match = _PLAIN_NAME.match(body)
            if match is None:
                break
            name = match.group(1).decode()
            if name in self.names:
                return self.plain(node, self.names[name], args)
            further = None if self.symbols.modelled(name) else self.symbols.macro(name, self.path)
            if further is None or name in seen:
                return self.plain(node, ir.Global(name), args)
            if further.params is not None:
                return self._macro_call(node, further, args, used) or self.plain(node, ir.Global(name), args)
            seen.add(name)
            body = further.body
        if not body:
            return None
        unit = self.unit
        target = self.expansion(macro, [], node.start_byte, True)
        self.unit = unit
        if target is None:
            return None
        while isinstance(target, ir.Deref):
            target = target.pointer
        return self.plain(node, target, args)

    def expansion(
        self, macro: MacroDefinition, spans: list[tuple[int, int]], use: int, used: bool
    ) -> ir.Expr | None:
        """Expand ``macro`` used at ``use`` with the arguments at ``spans`` of this text, and lower it here.
        None where that cannot be done; then nothing was written.
        """
        unit = self.unit
        inner = self._expanded(unit, macro, spans, use)
        if inner is None:
            return None
        if not inner.text.strip():
            return ZERO
        while True:  # a macro that is nothing but the use of another need not be parsed in between
            further = self._only_use(inner)
            if further is None:
                break
            inner = further
        text = inner.text
        trivial = self._trivial(inner, used)
        if trivial is not None:
            return trivial
        if used:
            text = text.rstrip(b"; \t\n")
            parsed = self.parse_fragment(text, "expression")
            if parsed.errors and not text.lstrip().startswith(b"_Generic"):
                used = False  # statements where a value is wanted, as in ({ … FOO(x); })
        if not used:
            parsed = self.parse_fragment(text + b";", "statements")
            if parsed.errors:
                return None
        self.unit = inner.read(parsed, parsed.original.find(text))
        try:
            if parsed.errors:
                return self.selection(inner.original.find(b"(", inner.base))
            if used:
                return self.value(parsed.root)
            self.statements(parsed.root)
            return OPAQUE
        finally:
            self.unit = unit

    def _expanded(
        self, unit: Unit, macro: MacroDefinition, spans: list[tuple[int, int]], use: int
    ) -> Unit | None:
        """The text of one expansion; None where it is too long or too deep, or the arguments do not fit."""
        if unit.depth >= MAX_DEPTH:
            return None
        expanded = expand(macro, unit.original, spans)
        if expanded is None:
            return None
        self.expanded += len(expanded.text)
        if self.expanded > MAX_TOTAL:
            return None
        return unit.nested(self.pasted(expanded.text), expanded.ranges, use, macro.name)

    def _trivial(self, unit: Unit, used: bool) -> ir.Expr | None:
        """The meaning of an expansion that is a number, a name or nothing; None where it has to be parsed."""
        text = unit.text
        if len(text) > 60:
            return None
        if not used:
            return OPAQUE if _NOTHING.match(text) is not None else None
        match = _NUMBER.match(text)
        if match is not None:
            return number(match.group(1).decode())
        match = _PLAIN_NAME.match(text)
        if match is None:
            return None
        here = self.unit
        self.unit = unit
        try:
            return self.named(match.start(1), match.group(1).decode())
        finally:
            self.unit = here

    def _only_use(self, unit: Unit) -> Unit | None:
        """The expansion of the macro whose use is all that ``unit`` consists of; None for any other text."""
        match = _USE.match(unit.text)
        if match is None:
            return None
        name = match.group(1).decode()
        if name in INTRINSICS or name in self.names or name in DECLARERS or self.symbols.modelled(name):
            return None
        macro = self.symbols.macro(name, self.path)
        if macro is None or not macro.params or not macro.body:
            return None
        found = arguments(unit.text, match.end() - 1)
        if found is None or unit.text[found[1] + 1 :].strip(b"; \t\n"):
            return None
        if name in unit.active_at(match.start(1)):
            return None
        return self._expanded(unit, macro, found[0], match.start(1))

    def _generic(self, node: Node) -> ir.Expr:
        found = self.selection(self.unit.original.find(b"(", node.start_byte))
        return found if found is not None else OPAQUE

    def selection(self, opening: int) -> ir.Expr | None:
        """``_Generic(control, type: value, …)`` whose ``(`` is at ``opening`` of this text; its associations
        may come from macros. None where the control's type or the value for it is not known here.
        """
        unit = self.unit
        found = arguments(unit.original, opening)
        if found is None or len(found[0]) < 2:
            return None
        control = self.text_value(unit.original[slice(*found[0][0])])
        type_ = self.known_type(control) if control is not None else None
        if type_ is None:
            return None
        fallback: bytes | None = None
        pending = [unit.original[start:end] for start, end in reversed(found[0][1:])]
        while pending:
            association = pending.pop()
            match = _ASSOCIATION.match(association)
            if match is None:
                pending.extend(reversed(self._associations(association)))
                continue
            if match.group(1) == b"default":
                fallback = match.group(2)
            elif self.type_of_text(match.group(1)) == type_:
                return self.text_expression(match.group(2), opening, "_Generic")
        if fallback is not None and isinstance(type_, (ir.Basic, ir.Record, ir.Pointer)):
            return self.text_expression(fallback, opening, "_Generic")
        return None

    def _associations(self, text: bytes) -> list[bytes]:
        """The associations that a macro's use in ``_Generic`` expands to."""
        match = _USE.match(text)
        macro = self.symbols.macro(match.group(1).decode(), self.path) if match is not None else None
        found = arguments(text, match.end() - 1) if match is not None else None
        expanded = expand(macro, text, found[0]) if macro is not None and found is not None else None
        if expanded is None or _ASSOCIATION.match(expanded.text) is None:
            return []
        parts = arguments(b"(" + expanded.text + b")", 0)
        return [(b"(" + expanded.text)[start:end] for start, end in parts[0]] if parts is not None else []

    def pasted(self, text: bytes) -> bytes:
        """``text`` with ``__UNIQUE_ID(x)``, ``__PASTE(a, b)`` and their like replaced by the identifiers that
        they make, at the same length: an expansion may declare what they name.
        """
        if b"UNIQUE_ID" not in text and b"PASTE" not in text and b"CONCAT" not in text:
            return text
        changed = 1
        while changed:
            text, changed = _PASTING.subn(self._pasted_name, text)
        return text

    def _pasted_name(self, match: re.Match[bytes]) -> bytes:
        if b"UNIQUE_ID" in match.group(1):
            self.unique += 1
            name = b"%s_%d" % (b"".join(match.group(2).split())[-5:], self.unique)
        else:
            name = b"".join(match.group(2).replace(b",", b" ").split())
            name = name.replace(b"__COUNTER__", b"0").replace(b"__LINE__", b"0")
        return name.ljust(len(match.group()))

    unique = 0

    def object_macro(self, use: int, name: str) -> ir.Expr | None:
        """Object-like macros are expanded where they hold a call, an lvalue or another name for something;
        constants (``GFP_*``, flags, numbers) stay a Global that the program evaluates.
        """
        if self.symbols.modelled(name):
            return None
        macro = self.symbols.macro(name, self.path)
        if macro is None or macro.params is not None or not macro.body:
            return None
        if not self._worth_expanding(macro) or name in self.unit.active_at(use):
            return None
        return self.expansion(macro, [], use, True)

    def _worth_expanding(self, macro: MacroDefinition) -> bool:
        body = macro.body
        match = _PLAIN_NAME.match(body)
        if match is not None:
            name = match.group(1)
            return name.decode() in self.names or not name.isupper() or name == b"NULL"
        if b'"' in body and _CALLS.search(body) is None:
            return False
        if _CALLS.search(body) is not None or _LVALUE.match(body) is not None:
            # A cast of a constant, ((__force gfp_t)0x10u), is none of these.
            return True
        if self.names:
            for word in _WORD.findall(body):
                if word.decode() in self.names:
                    return True
        return False

    def member(self, base: ir.Expr, name: str) -> ir.Expr:
        """``base.name``, also where a macro is (``#define sk_state __sk_common.skc_state``)."""
        macro = self.symbols.macro(name, self.path)
        if macro is not None and macro.params is None and _FIELDS.match(macro.body):
            parts = [part.strip().decode() for part in macro.body.split(b".")]
            if parts != [name] and len(parts) > 1:
                for part in parts:
                    base = self.field(base, part)
                return base
        return self.field(base, name)

    # ---------------------------------------------------------------------- text as code

    def parse_type_text(self, text: bytes) -> Node | None:
        """See :class:`Types`."""
        parsed = self.parse_fragment(text, "type")
        if parsed.errors or parsed.root.type != "type_descriptor":
            return None
        unit = Unit(text).read(parsed, 0)
        unit.at = self.unit.at
        unit.depth = self.unit.depth + 1
        unit.active = self.unit.active
        if unit.depth > MAX_DEPTH:
            return None
        self.unit = unit
        return parsed.root

    def text_value(self, text: bytes) -> ir.Expr | None:
        """See :class:`Types`."""
        unit = self.unit
        if unit.depth > MAX_DEPTH:
            return None
        parsed = self.parse_fragment(text, "expression")
        if parsed.errors:
            return None
        inner = Unit(text).read(parsed, 0)
        inner.depth = unit.depth + 1
        inner.active = unit.active
        self.unit = inner
        try:
            return self.quiet_value(parsed.root)
        finally:
            self.unit = unit

    def text_expression(self, text: bytes, use: int, name: str) -> ir.Expr:
        """Evaluate ``text`` here, as if macro ``name`` used at ``use`` had expanded to it."""
        parsed = self.parse_fragment(text, "expression")
        unit = self.unit
        self.unit = unit.nested(text, (), use, name).read(parsed, parsed.original.find(text))
        try:
            return self.value(parsed.root)
        finally:
            self.unit = unit

    def span_value(self, start: int, end: int) -> ir.Expr:
        """Evaluate the expression at a span of this text; positions inside it stay true."""
        unit = self.unit
        text = unit.original[start:end]
        if not text:
            return OPAQUE
        parsed = self.parse_fragment(text, "expression")
        self.unit = unit.quoted(start, end).read(parsed, parsed.original.find(text))
        try:
            return self.value(parsed.root)
        finally:
            self.unit = unit
