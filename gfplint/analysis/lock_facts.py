"""What the tree says of a lock class where locks are made: how many may hold one, and whether lockdep is told
to keep some of them apart.

Asked only of locks of findings: each question is a search of the tree.
"""

from __future__ import annotations

from collections.abc import Iterator

from gfplint import ir
from gfplint.analysis.summary import LockClass
from gfplint.frontend.source import ItemKind
from gfplint.kernel.trace import Memo
from gfplint.kernel.words import any_of
from gfplint.models import Model, Prepare
from gfplint.program.constants import Constants
from gfplint.program.pointers import Pointers
from gfplint.program.program import FunctionRef, Program
from gfplint.program.substitution import at_call
from gfplint.program.types import Types


class LockFacts:
    """Answers for one program."""

    def __init__(self, program: Program, types: Types, constants: Constants, pointers: Pointers) -> None:
        self._program = program
        self._types = types
        self._constants = constants
        self._pointers = pointers
        self._names = program.models.names_with("prepares")
        self._counted = {
            effect.kind
            for name in self._names
            if (model := program.models.get(name)) is not None
            for effect in model.effects
            if isinstance(effect, Prepare) and effect.units is not None
        }
        self._look_up: Memo[LockClass, tuple[list[int | None], bool]] = Memo(
            program.tree.trace, self._find_prepared
        )

    def units(self, lock: LockClass) -> int | None:
        """The least number of threads that may hold a lock of this class at once, of all the places that set
        one; None where one of them isn't known, and where there is none.
        """
        if lock.kind not in self._counted:
            return None
        numbers = self._look_up(lock)[0]
        known = [number for number in numbers if number is not None]
        return min(known) if known and len(known) == len(numbers) else None

    def reclassed(self, lock: LockClass) -> bool:
        """Whether some locks of this class are given another one (``lockdep_set_class()``)."""
        return self._look_up(lock)[1]

    def _find_prepared(self, lock: LockClass) -> tuple[list[int | None], bool]:
        numbers: list[int | None] = []
        reclassed = False
        for effect, units in self._prepared(lock):
            if effect.units is not None:
                numbers.append(units)
            reclassed |= effect.reclass
        return numbers, reclassed

    def _prepared(self, lock: LockClass) -> Iterator[tuple[Prepare, int | None]]:
        """Where locks of the class are made ready, with how many may hold them as far as it is a constant."""
        if not lock.word:
            return
        found = self._program.tree.index.mentions([*self._names, lock.word])
        near = {path for name in self._names for path in found[name]} & set(found[lock.word])
        word, call = any_of({lock.word}), any_of(set(self._names))
        for path in sorted(near):
            file = self._program.part(path)
            for item, _ in self._program.matching(path, call, ItemKind.FUNCTION):
                if file is None or not word.search(file.text, item.start, item.end):
                    continue
                fn = self._program.function(FunctionRef(path, item.start, item.name))
                for block in fn.blocks if fn is not None else ():
                    for instruction in block.instructions:
                        if fn is not None and isinstance(instruction, ir.Call):
                            yield from self._of_call(instruction, fn, lock)

    def _of_call(
        self, call: ir.Call, fn: ir.Function, lock: LockClass
    ) -> Iterator[tuple[Prepare, int | None]]:
        model = self._pointers.direct(call, fn)
        if not isinstance(model, Model):
            return
        for effect in model.effects:
            if not isinstance(effect, Prepare):
                continue
            actual = dict(zip(model.params, call.args, strict=False))
            place = self._types.place_behind(at_call(effect.lock, actual), fn)
            if place is None or place.lock_class != lock.name:
                continue
            units = effect.units
            yield (
                effect,
                self._constants.evaluate(at_call(units, actual), fn.path) if units is not None else None,
            )
