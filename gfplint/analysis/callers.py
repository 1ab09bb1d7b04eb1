"""Who calls a function by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gfplint import ir
from gfplint.frontend.source import ItemKind
from gfplint.kernel.trace import Memo
from gfplint.program.program import FunctionRef, Program

_MAX_CALLERS = 24


class Callers:
    """Answers for one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.of: Memo[FunctionRef, list[tuple[FunctionRef, int]] | None] = Memo(
            program.tree.trace, self._find
        )
        """The calls of a function, as caller and offset; None where there may be others (its address is
        taken, it is called from too many places).
        """

    def expect(self, refs: Iterable[FunctionRef]) -> None:
        """Somebody is about to ask for the callers of these, one after the other."""
        self._program.tree.index.expect(self.names(refs))

    def names(self, refs: Iterable[FunctionRef]) -> list[str]:
        """The names by which other files can call these, sorted."""
        return sorted({ref.name for ref in refs if not self.static(ref)})

    def static(self, ref: FunctionRef) -> bool:
        """Whether only its own file can call a function by name."""
        items = self._program.heads(ref.path, ref.name, ItemKind.FUNCTION)
        return ref.path.endswith(".c") and any(item.static for item in items)

    def _find(self, ref: FunctionRef) -> list[tuple[FunctionRef, int]] | None:
        if self.static(ref):
            files: tuple[str, ...] = (ref.path,)
        else:
            files = self._program.tree.index.mentions([ref.name])[ref.name]
        if len(files) > _MAX_CALLERS:
            return None
        word = ref.name.encode()
        call = re.compile(rb"\b" + re.escape(word) + rb"\b(\s*\()?")
        found: list[tuple[FunctionRef, int]] = []
        for path in files:
            kinds = ItemKind.FUNCTION, ItemKind.VARIABLE, ItemKind.MACRO
            for item, matches in self._program.matching(path, call, *kinds):
                if item.name == ref.name:
                    continue
                if item.kind is not ItemKind.FUNCTION or any(match[1] is None for match in matches):
                    return None
                caller = FunctionRef(path, item.start, item.name)
                if self._program.resolve(ref.name, path) != ref:
                    continue
                fn = self._program.function(caller)
                for block in fn.blocks if fn is not None else ():
                    for instruction in block.instructions:
                        if isinstance(instruction, ir.Call) and instruction.function == ir.Global(ref.name):
                            found.append((caller, instruction.at))
                if len(found) > _MAX_CALLERS:
                    return None
        return found
