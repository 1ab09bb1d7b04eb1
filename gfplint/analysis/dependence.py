"""Which branches decide whether a block is reached: control dependence (Ferrante, Ottenstein, Warren)."""

from __future__ import annotations

from collections.abc import Iterable

from gfplint import ir
from gfplint.frontend.lower_builder import successors


def deciding(fn: ir.Function, blocks: Iterable[int]) -> list[int]:
    """The blocks whose branches decide whether control gets to one of ``blocks``, directly or through
    another branch, in order.
    """
    behind = _postdominators(fn)
    branches = [
        (number, set(successors(block.end)))
        for number, block in enumerate(fn.blocks)
        if isinstance(block.end, (ir.Branch, ir.Switch))
    ]
    found: set[int] = set()
    todo = list(blocks)
    seen: set[int] = set()
    while todo:
        target = todo.pop()
        if target in seen:
            continue
        seen.add(target)
        bit = 1 << target
        for number, following in branches:
            surely = behind[number] & bit and number != target
            if not surely and any(behind[each] & bit for each in following):
                found.add(number)
                todo.append(number)
    return sorted(found)


def reaching(fn: ir.Function, blocks: Iterable[int]) -> frozenset[int]:
    """The blocks from which control can get to one of ``blocks``, those themselves included."""
    before: dict[int, list[int]] = {}
    for number, block in enumerate(fn.blocks):
        for following in successors(block.end):
            before.setdefault(following, []).append(number)
    found = set(blocks)
    todo = list(found)
    while todo:
        for number in before.get(todo.pop(), ()):
            if number not in found:
                found.add(number)
                todo.append(number)
    return frozenset(found)


def _postdominators(fn: ir.Function) -> list[int]:
    """For each block the blocks that every way from it out of the function passes, itself included, as bits.
    Where no way out exists that is all of them.
    """
    everything = (1 << len(fn.blocks)) - 1
    result = [everything] * len(fn.blocks)
    changed = True
    while changed:
        changed = False
        for number in range(len(fn.blocks) - 1, -1, -1):
            following = successors(fn.blocks[number].end)
            common = everything if following else 0
            for each in following:
                common &= result[each]
            common |= 1 << number
            if common != result[number]:
                result[number] = common
                changed = True
    return result
