"""What tests of lowering share: a configuration, names from the text itself, and shortcuts."""

from __future__ import annotations

import re
from collections.abc import Callable

from gfplint import ir
from gfplint.frontend.dialect import Shape
from gfplint.frontend.guards import GuardDefinition, parse_free, parse_guard
from gfplint.frontend.lower import lower_function, lower_variable
from gfplint.frontend.macros import MacroDefinition, parse_macro
from gfplint.frontend.source import ItemKind, SourceFile, split
from gfplint.irprint import check_function, format_function


class EverythingOn:
    """Every option is on; ``CONFIG_OFF`` is not."""

    def enabled(self, name: str) -> bool:
        return name != "CONFIG_OFF"

    def decide(self, directive: str, defined: Callable[[str], bool | None]) -> bool:
        return not re.match(r"if\s+0", directive)


class TextSymbols:
    """Symbols that know what one text defines, and the models they are given."""

    def __init__(self, source: SourceFile, models: tuple[str, ...] = ()) -> None:
        self.source = source
        self.models = frozenset(models)
        self.macros: dict[str, MacroDefinition] = {}
        self.guards: dict[str, GuardDefinition] = {}
        self.frees: dict[str, bytes] = {}
        for item in source.items:
            if item.kind is ItemKind.MACRO:
                self.macros[item.name] = parse_macro(source, item)
            elif item.kind is ItemKind.GUARD:
                free, guard = parse_free(source, item), parse_guard(source, item)
                if free is not None:
                    self.frees[free[0]] = free[1]
                elif guard is not None:
                    base = self.guards.get(guard.base)
                    self.guards[guard.name] = guard.completed(base) if base else guard

    def shape(self, name: str, path: str) -> Shape | None:
        return None

    def macro(self, name: str, path: str) -> MacroDefinition | None:
        return None if name in self.models else self.macros.get(name)

    def modelled(self, name: str) -> bool:
        return name in self.models

    def function(self, name: str, path: str) -> bool:
        return bool(self.source.find(name, ItemKind.FUNCTION))

    def guard(self, name: str, path: str) -> GuardDefinition | None:
        return self.guards.get(name)

    def free(self, name: str, path: str) -> bytes | None:
        return self.frees.get(name)

    def config(self, name: str) -> bool | None:
        return name != "CONFIG_OFF"


CLEANUP = """
DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))
DEFINE_GUARD_COND(mutex, _try, mutex_trylock(_T))
DEFINE_LOCK_GUARD_1(spinlock, spinlock_t, spin_lock(_T->lock), spin_unlock(_T->lock))
DEFINE_LOCK_GUARD_0(rcu, rcu_read_lock(), rcu_read_unlock())
DEFINE_CLASS(fd, struct fd, fdput(_T), fdget(fd), int fd)
DEFINE_FREE(kfree, void *, if (_T) kfree(_T))
"""


def read(text: str, models: tuple[str, ...] = ()) -> tuple[SourceFile, TextSymbols]:
    """The text split, and symbols made of it."""
    source = split("drivers/x/x.c", text.encode(), EverythingOn())
    return source, TextSymbols(source, models)


def function(text: str, name: str = "f", models: tuple[str, ...] = ()) -> ir.Function:
    """The function of that name in ``text``, checked."""
    source, symbols = read(text, models)
    [item] = source.find(name, ItemKind.FUNCTION)
    lowered = lower_function(source, item, symbols)
    assert lowered.errors == 0
    assert check_function(lowered) == []
    return lowered


def body(text: str, models: tuple[str, ...] = ()) -> list[str]:
    """The printed blocks of ``f`` without header, declarations and the macros that calls came through."""
    lines = format_function(function(text, models=models), places=False).splitlines()
    return [line.strip().split("  via ")[0] for line in lines[lines.index("0:") :]]


def variable(text: str, name: str = "v", models: tuple[str, ...] = ()) -> ir.Variable:
    """The variable of that name in ``text``."""
    source, symbols = read(text, models)
    [item] = source.find(name, ItemKind.VARIABLE)
    [found] = lower_variable(source, item, symbols)
    return found


def calls(lowered: ir.Function) -> list[ir.Call]:
    """All calls, in the order of their blocks."""
    return [i for block in lowered.blocks for i in block.instructions if isinstance(i, ir.Call)]


def traces(lowered: ir.Function, limit: int = 200) -> set[tuple[str, ...]]:
    """Names of the functions called on each way through ``lowered`` that passes no block twice."""
    out: set[tuple[str, ...]] = set()
    pending: list[tuple[int, tuple[str, ...], frozenset[int]]] = [(0, (), frozenset())]
    while pending and len(out) < limit:
        number, path, seen = pending.pop()
        if number in seen:
            continue
        block = lowered.blocks[number]
        for instruction in block.instructions:
            if isinstance(instruction, ir.Call) and isinstance(instruction.function, ir.Global):
                path = (*path, instruction.function.name)
        end = block.end
        if isinstance(end, (ir.Return, ir.Stop)):
            out.add(path)
        targets: tuple[int, ...] = ()
        if isinstance(end, ir.Jump):
            targets = (end.target,)
        elif isinstance(end, ir.Branch):
            targets = (end.then, end.otherwise)
        elif isinstance(end, ir.Switch):
            targets = (*(case[2] for case in end.cases), end.default)
        pending.extend((target, path, seen | {number}) for target in targets)
    return out
