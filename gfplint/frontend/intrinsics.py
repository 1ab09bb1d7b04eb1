"""Words that look like calls and are part of the C that the kernel is written in.

What comes in: a call by one of these names; what goes out: its value. They are compiler builtins (``va_arg``,
``__builtin_constant_p``) and macros that no expansion in C would explain better: ``container_of()``, whose
arguments are a type and a member, ``IS_ENABLED()``, which the configuration answers, ``likely()``, and
``no_free_ptr()``. What functions do is not here: that is in rules/.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from gfplint import ir
from gfplint.frontend.expressions import Expressions
from gfplint.frontend.folding import ONE, OPAQUE, STRING, ZERO
from gfplint.frontend.macros import arguments
from gfplint.frontend.types import children

if TYPE_CHECKING:
    from tree_sitter import Node

PASS_ON = frozenset(("likely", "unlikely", "__builtin_expect"))
"""Annotations whose value is their first argument's: branch on the argument itself."""


class Use(NamedTuple):
    """One use: the call's node, its argument list, the name."""

    node: Node
    args: Node
    name: str

    @property
    def first(self) -> Node | None:
        """The first argument."""
        return next(iter(children(self.args)), None)


class Intrinsics(Expressions):
    """Builder that reads them."""

    def intrinsic(self, name: str, node: Node, args: Node) -> ir.Expr | None:
        """The value of ``name(…)``; None where this use is a call or a macro like any other."""
        return INTRINSICS[name](self, Use(node, args, name))

    def spans(self, use: Use) -> list[bytes]:
        """The texts of the arguments."""
        found = arguments(self.unit.original, use.args.start_byte)
        return [self.unit.original[start:end] for start, end in found[0]] if found is not None else []

    def config_test(self, use: Use) -> ir.Expr | None:
        """``IS_ENABLED(CONFIG_X)`` and its relatives."""
        option = (self.spans(use) or [b""])[0].decode("utf-8", "replace")
        enabled = self.symbols.config(option) if option.startswith("CONFIG_") else None
        if enabled is None or (use.name == "IS_MODULE" and enabled):
            return None
        return ONE if enabled else ZERO

    def passed_on(self, use: Use) -> ir.Expr | None:
        """``likely(x)``."""
        first = use.first
        return self.value(first) if first is not None else None

    def container(self, use: Use) -> ir.Expr | None:
        """``container_of(pointer, type, member)``."""
        texts, first = self.spans(use), use.first
        if first is None or len(texts) != 3:
            return None
        pointer = self.value(first)
        member = b"".join(texts[2].split()).decode("utf-8", "replace")
        return ir.Container(pointer, self.type_of_text(texts[1]), member)

    def constant_p(self, use: Use) -> ir.Expr | None:
        """``__builtin_constant_p(x)``; whether a variable counts as constant is the optimiser's to say."""
        first = use.first
        value = self.quiet_value(first) if first is not None else None
        return ONE if isinstance(value, (ir.Const, ir.String)) else OPAQUE

    def choose(self, use: Use) -> ir.Expr | None:
        """``__builtin_choose_expr(constant, a, b)``."""
        parts = list(children(use.args))
        if len(parts) != 3:
            return None
        test = self.quiet_value(parts[0])
        if isinstance(test, ir.Const):
            return self.value(parts[1] if test.value else parts[2])
        return OPAQUE

    def compatible(self, use: Use) -> ir.Expr | None:
        """``__builtin_types_compatible_p(a, b)``: 1 where they are spelled the same, else not known here."""
        texts = self.spans(use)
        if len(texts) != 2:
            return OPAQUE
        first, second = (self.type_of_text(text) for text in texts)
        return ONE if first == second and isinstance(first, (ir.Basic, ir.Pointer, ir.Record)) else OPAQUE

    def va_arg(self, use: Use) -> ir.Expr | None:
        """``va_arg(list, type)``."""
        texts = self.spans(use)
        return ir.Cast(self.type_of_text(texts[1]), OPAQUE) if len(texts) == 2 else OPAQUE

    def taken(self, use: Use) -> ir.Expr | None:
        """``no_free_ptr(p)``: the value of p, which is NULL from then on (include/linux/cleanup.h)."""
        first = use.first
        target = self.value(first) if first is not None else OPAQUE
        if not isinstance(target, (ir.Local, ir.Field, ir.Deref, ir.Global, ir.Index)):
            return None
        result = self.temp()
        self.assign(result, target, use.node.start_byte)
        self.assign(target, ZERO, use.node.start_byte)
        return result


def _unreachable(builder: Intrinsics, use: Use) -> ir.Expr | None:  # noqa: ARG001
    builder.end(ir.Stop())
    builder.begin()
    return OPAQUE


def _unevaluated(builder: Intrinsics, use: Use) -> ir.Expr | None:  # noqa: ARG001
    return OPAQUE


def _string(builder: Intrinsics, use: Use) -> ir.Expr | None:  # noqa: ARG001
    return STRING


_Meaning = Callable[[Intrinsics, Use], "ir.Expr | None"]
INTRINSICS: dict[str, _Meaning] = {
    **dict.fromkeys(("IS_ENABLED", "IS_BUILTIN", "IS_MODULE", "IS_REACHABLE"), Intrinsics.config_test),
    **dict.fromkeys(PASS_ON, Intrinsics.passed_on),
    **dict.fromkeys(("container_of", "container_of_const"), Intrinsics.container),
    **dict.fromkeys(("__builtin_unreachable", "unreachable", "__builtin_trap"), _unreachable),
    **dict.fromkeys(("va_start", "va_end", "va_copy"), _unevaluated),
    **dict.fromkeys(("__builtin_va_start", "__builtin_va_end", "__builtin_va_copy"), _unevaluated),
    **dict.fromkeys(("offsetof", "__builtin_offsetof", "typeof", "__typeof__", "__alignof__"), _unevaluated),
    **dict.fromkeys(("va_arg", "__builtin_va_arg"), Intrinsics.va_arg),
    **dict.fromkeys(("no_free_ptr", "retain_and_null_ptr"), Intrinsics.taken),
    "__builtin_constant_p": Intrinsics.constant_p,
    "__builtin_choose_expr": Intrinsics.choose,
    "__builtin_types_compatible_p": Intrinsics.compatible,
    "__stringify": _string,
}
"""By name. A use that its function answers with None is left to macros and calls."""
