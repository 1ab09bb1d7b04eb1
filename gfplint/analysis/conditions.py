"""Conditions that rules state over an allocation, evaluated three-valued on known bits."""

from __future__ import annotations

from collections.abc import Iterable

from gfplint import cexpr, ir
from gfplint.analysis.summary import NOFS, NOIO, NORECLAIM
from gfplint.analysis.values import ALL, TOP, Bits, Value, as_bits, binary, const, truth, unary
from gfplint.kernel.masks import Masks
from gfplint.rules import Rule


class Conditions:
    """Evaluates rule expressions against one tree's masks."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks

    def holds(self, condition: ir.Expr, names: dict[str, Value], rule: Rule | None = None) -> bool | None:
        """Whether ``condition`` is true of ``mask``, ``order``, ``version`` (``names``); None: undecided.
        A flag that the tree doesn't have counts as 0, unless the rule names an older alias for it.
        """
        aliases = dict(rule.aliases) if rule is not None else {}
        return truth(self._value(condition, names, aliases))

    def telling(self, rules: Iterable[Rule]) -> int:
        """The bits of masks that these rules' conditions, or scopes, look at."""
        bits = self._masks.direct_reclaim[1]
        names = {"__GFP_IO", "__GFP_FS"}
        for rule in rules:
            for condition in (
                rule.allocation,
                *(way.when for way in rule.ways),
                *(each.when for each in rule.unsaved),
            ):
                names |= cexpr.names_in(condition)
        for name in names:
            bits |= self._masks.value(name) or 0
        return bits

    def _value(self, expr: ir.Expr, names: dict[str, Value], aliases: dict[str, str]) -> Value:
        match expr:
            case ir.Const(value):
                return const(value)
            case ir.Local(name):
                return names.get(name, TOP)
            case ir.Global(name):
                found = self._masks.value(name)
                if found is None and name in aliases:
                    found = self._masks.value(aliases[name])
                return const(found or 0)
            case ir.Unary(op, operand):
                return unary(op, self._value(operand, names, aliases))
            case ir.Binary(op, left, right):
                return binary(op, self._value(left, names, aliases), self._value(right, names, aliases))
            case ir.Cast(_, operand):
                return self._value(operand, names, aliases)
        return TOP

    def effective(self, mask: Value, entered: int) -> Bits:
        """A mask as the allocator sees it inside these scopes (mm: ``current_gfp_context()``)."""
        bits = as_bits(mask)
        cleared = 0
        if entered & (NOFS | NOIO):
            cleared |= self._masks.value("__GFP_FS") or 0
        if entered & NOIO:
            cleared |= self._masks.value("__GFP_IO") or 0
        if entered & NORECLAIM:
            cleared |= self._masks.direct_reclaim[1]
        return Bits(bits.ones & ~cleared & ALL, bits.zeros | cleared, bits.nonzero and not cleared)
