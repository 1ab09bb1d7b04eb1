"""What stands at a place: a lock or a mask, as an editor asks that points at a word.

In: a run, a file and a byte offset. Out: :class:`gfplint.answers.Answer`. The front end gives expressions no
positions, only calls have one. So the call around the offset is looked for first and watched; a lock that is
no argument of a modelled call is found by its last word, in the function or the struct around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gfplint import ir
from gfplint.analysis.expressions import Reader
from gfplint.analysis.observe import observe
from gfplint.analysis.run import Run
from gfplint.analysis.state import State
from gfplint.analysis.summary import SCOPES, Facts
from gfplint.analysis.values import ALL, Value, alternatives, truth
from gfplint.answers import Answer, LockAnswer, MaskAnswer
from gfplint.findings import Mask
from gfplint.frontend.macros import arguments
from gfplint.frontend.source import ItemKind, SourceFile
from gfplint.irprint import leaves
from gfplint.kernel.flags import MEANINGS
from gfplint.models import Acquire, Allocate, Model, Release
from gfplint.program.program import FunctionRef
from gfplint.program.substitution import at_call
from gfplint.program.types import Place, lock_record

_WORD = re.compile(rb"[A-Za-z_]\w*")
_KINDS = {"rw_semaphore": "rwsem", "raw_spinlock": "spinlock", "percpu_rw_semaphore": "percpu_rwsem"}
"""Struct tag → kind of rules/models/kinds.toml, where the two differ."""
_LONGEST_CALLEE = 120
"""Characters between a call's start and its parenthesis."""


def what_is_at(run: Run, path: str, line: int, column: int) -> Answer | None:
    """What is known of the word at a line and column (from 1, in characters); None where that is nothing."""
    file = run.program.source(path)
    offset = file.offset(line, column) if file is not None else None
    if file is None or offset is None:
        return None
    start, end = _word(file.text, offset)
    word = file.text[start:end].decode("utf-8", "replace")
    asked = _Question(run, file, offset, word)
    locks, masks = asked.locks_and_masks()
    if not locks and not masks:
        return None
    return Answer(str(run.tree.root), run.phases.explainer.place(path, start, len(word)), locks, masks)


def _word(text: bytes, offset: int) -> tuple[int, int]:
    """The identifier around an offset (or just before it), else an empty span."""
    start = offset
    while start > 0 and (text[start - 1 : start].isalnum() or text[start - 1 : start] == b"_"):
        start -= 1
    match = _WORD.match(text, start)
    return (start, match.end()) if match is not None else (offset, offset)


class _Question:
    """One word of one file."""

    def __init__(self, run: Run, file: SourceFile, offset: int, word: str) -> None:
        self.run = run
        self.program = run.program
        self.file = file
        self.offset = offset
        self.word = word

    def locks_and_masks(self) -> tuple[tuple[LockAnswer, ...], tuple[MaskAnswer, ...]]:
        """Everything that is known: the flag by its name first, then what the call around it says."""
        masks = [self._flag()] if self.program.masks.value(self.word) is not None else []
        locks: dict[str, str] = {}
        item = self.program.enclosing(self.file.path, self.offset)
        if item is not None and item.kind is ItemKind.FUNCTION:
            ref = FunctionRef(self.file.path, item.start, item.name)
            fn = self.program.function(ref)
            if fn is not None:
                found, more = self._in_function(ref, fn)
                locks.update(found)
                masks += [each for each in more if not _same(each, masks)]
        elif self.word and not masks:
            locks.update(self._declared())
        waiters = self.run.waiters(locks) if locks else {}
        kinds = self.program.models.kinds
        answers = tuple(
            LockAnswer(
                name,
                kinds[kind].title if kind in kinds else kind,
                kinds[kind].sleeps if kind in kinds else True,
                tuple(waiters.get(name, ())),
            )
            for name, kind in sorted(locks.items())
        )
        return answers, tuple(masks)

    # ------------------------------------------------------------------------------- masks

    def _flag(self) -> MaskAnswer:
        """A name of the tree's headers by itself."""
        masks = self.program.masks
        value = masks.value(self.word) or 0
        names = masks.names(value)
        mask = Mask(self.word, names, (), masks.words(value, ALL & ~value))
        return MaskAnswer(mask, value, meanings=self._meanings(value))

    def _meanings(self, value: int) -> tuple[tuple[str, str], ...]:
        bits = self.program.masks.bits
        return tuple((name, MEANINGS[name]) for name in bits if value & bits[name] and name in MEANINGS)

    def _mask(
        self, value: Value, state: State, written: str, function: str, fn: ir.Function
    ) -> Iterator[MaskAnswer]:
        """An answer for each of the alternatives of a mask's value, inside the scopes of the state."""
        masks = self.program.masks
        scopes = tuple(name for name, bit in sorted(SCOPES.items()) if state.entered & bit)
        parameters = tuple(name for number, name in enumerate(fn.params) if value.deps >> number & 1)
        for each in alternatives(value):
            bits = self.run.conditions.effective(each, state.entered)
            undecided = tuple(
                name for name, bit in masks.bits.items() if not bits.ones & bit and not bits.zeros & bit
            )
            yield MaskAnswer(
                Mask(
                    written,
                    masks.names(bits.ones),
                    undecided if len(undecided) < len(masks.bits) else ("all",),
                    masks.words(bits.ones, bits.zeros),
                ),
                bits.constant,
                function,
                scopes,
                parameters,
                self._meanings(bits.ones),
            )

    # --------------------------------------------------------------------------- functions

    def _in_function(self, ref: FunctionRef, fn: ir.Function) -> tuple[dict[str, str], list[MaskAnswer]]:
        """What the innermost call around the word that has anything to say says; else the word itself."""
        around = self._around(fn)
        pointed = {call.result.number: position for call, position in around}
        locks: dict[int, dict[str, str]] = {}
        masks: dict[int, list[MaskAnswer]] = {}

        def watch(call: ir.Call, state: State, reader: Reader) -> None:
            position = pointed.get(call.result.number)
            if position is None:
                return
            model = self.run.evaluator.pointers.direct(call, fn)
            if isinstance(model, Model):
                locks.setdefault(call.at, {}).update(self._model_locks(model, call, state, reader))
                found = self._model_masks(model, call, position, state, reader, fn)
            else:
                found = self._passed_masks(call, position, state, reader, fn)
            known = masks.setdefault(call.at, [])
            known.extend(each for each in found if each not in known)

        if around:
            observe(self.run.evaluator, ref, fn, watch)
        for call, position in around:
            if position < 0:
                locks.setdefault(call.at, {}).update(self._returned_locks(call, fn))
        for at in sorted({*locks, *masks}, reverse=True):
            if locks.get(at) or masks.get(at):
                return locks.get(at, {}), masks.get(at, [])
        return self._named(fn), []

    def _around(self, fn: ir.Function) -> list[tuple[ir.Call, int]]:
        """The calls around the offset, with the number of the argument that it is in, -1 for the function's
        name. A call from a macro's expansion stands where the macro is used, and counts as a whole.
        """
        found: list[tuple[ir.Call, int]] = []
        for block in fn.blocks:
            for call in block.instructions:
                if not isinstance(call, ir.Call) or call.at > self.offset:
                    continue
                opening = self.file.text.find(b"(", call.at, call.at + _LONGEST_CALLEE)
                read = arguments(self.file.text, opening) if opening >= 0 else None
                if read is None or self.offset > read[1]:
                    continue
                spans = enumerate(read[0] if not call.via else ())
                inside = [number for number, (start, end) in spans if start <= self.offset <= end]
                found.append((call, inside[0] if inside else -1))
        return found

    def _model_locks(self, model: Model, call: ir.Call, state: State, reader: Reader) -> dict[str, str]:
        """The locks that a modelled call takes or gives up: name → kind."""
        actual: dict[str, ir.Expr] = dict(zip(model.params, call.args, strict=False))
        found: dict[str, str] = {}
        for effect in model.effects:
            if not isinstance(effect, (Acquire, Release)):
                continue
            if effect.lock_class is not None:
                found[effect.lock_class] = effect.kind
            elif effect.lock is not None:
                found[reader.lock(at_call(effect.lock, actual), effect.kind, state).name] = effect.kind
        return {name: kind for name, kind in found.items() if _nameable(name)}

    def _model_masks(
        self, model: Model, call: ir.Call, position: int, state: State, reader: Reader, fn: ir.Function
    ) -> Iterator[MaskAnswer]:
        """The masks of a modelled allocation, where its name or its mask is pointed at."""
        actual: dict[str, ir.Expr] = dict(zip(model.params, call.args, strict=False))
        for effect in model.effects:
            if not isinstance(effect, Allocate):
                continue
            if position >= 0 and not self._is_mask(model, effect, position):
                continue
            if effect.when is not None and truth(reader.value(at_call(effect.when, actual), state)) is False:
                continue
            written = self._text(call, position)
            if isinstance(effect.mask, ir.Local) and effect.mask.name in model.params:
                written = self._text(call, model.params.index(effect.mask.name))
            value = reader.value(at_call(effect.mask, actual), state)
            yield from self._mask(value, state, written, model.name, fn)

    def _is_mask(self, model: Model, effect: Allocate, position: int) -> bool:
        """Whether an argument has a say in the mask."""
        if position >= len(model.params):
            return False
        return ir.Local(model.params[position]) in set(leaves(effect.mask))

    def _passed_masks(
        self, call: ir.Call, position: int, state: State, reader: Reader, fn: ir.Function
    ) -> Iterator[MaskAnswer]:
        """The mask that is passed to a function which gfplint reads."""
        if not 0 <= position < len(call.args):
            return
        arg = call.args[position]
        if any(self._is_gfp(leaf, fn) for leaf in leaves(arg)):
            name = call.function.name if isinstance(call.function, ir.Global) else ""
            yield from self._mask(reader.value(arg, state), state, self._text(call, position), name, fn)

    def _is_gfp(self, leaf: ir.Expr, fn: ir.Function) -> bool:
        if isinstance(leaf, ir.Global) and self.program.masks.value(leaf.name) is not None:
            return True
        return self.run.evaluator.types.type_of(leaf, fn) == ir.Named("gfp_t")

    def _text(self, call: ir.Call, position: int) -> str:
        """An argument as the source has it; "" where the call isn't in the source as such."""
        opening = self.file.text.find(b"(", call.at, call.at + _LONGEST_CALLEE)
        read = arguments(self.file.text, opening) if opening >= 0 and not call.via else None
        if read is None or not 0 <= position < len(read[0]):
            return ""
        start, end = read[0][position]
        return b" ".join(self.file.text[start:end].split()).decode("utf-8", "replace")

    # ------------------------------------------------------------------------------- locks

    def _returned_locks(self, call: ir.Call, fn: ir.Function) -> dict[str, str]:
        """The locks that a function of the tree returns with, taken or given up."""
        targets = self.run.evaluator.pointers.direct(call, fn)
        found: dict[str, str] = {}
        if isinstance(targets, tuple):
            for ref in targets:
                for each in self.run.evaluator.summary(ref, Facts()).exits:
                    found.update((held.lock.name, held.lock.kind) for held in each.taken)
                    found.update((name, "lock") for name in each.dropped if name not in found)
        return {name: kind for name, kind in found.items() if _nameable(name)}

    def _named(self, fn: ir.Function) -> dict[str, str]:
        """Locks of the function whose last word is the one pointed at."""
        places: dict[str, Place | None] = {}
        types = self.run.evaluator.types
        for expr in _expressions(fn):
            if isinstance(expr, (ir.Field, ir.Global)) and expr.name == self.word:
                place = types.place(expr, fn)
                if place is not None:
                    places[place.lock_class] = place
        return self._only_locks(places.values())

    def _declared(self) -> dict[str, str]:
        """The lock that a struct's member, or a variable of the file, declares."""
        path = self.file.path
        types = self.run.evaluator.types
        inside = [
            item
            for item in self.file.items
            if item.kind is ItemKind.RECORD and item.name and item.start <= self.offset < item.end
        ]
        for item in reversed(inside):
            for keyword in ("struct", "union"):
                place = Place(f"{keyword} {item.name}", (), ir.Record(keyword, item.name))
                place = Place(place.root, (), place.type, place.root)
                found = self._only_locks([types.step(place, self.word, path)])
                if found:
                    return found
        return self._only_locks([types.global_place(self.word, path)]) if not inside else {}

    def _only_locks(self, places: Iterable[Place | None]) -> dict[str, str]:
        found: dict[str, str] = {}
        for place in places:
            if place is None or not _nameable(place.lock_class):
                continue
            tag = lock_record(self.run.evaluator.types.strip(place.type, self.file.path))
            if tag:
                found[place.lock_class] = _KINDS.get(tag, tag)
        return found


def _nameable(name: str) -> bool:
    return bool(name) and not name.startswith(("?", "local "))


def _same(answer: MaskAnswer, known: Iterable[MaskAnswer]) -> bool:
    """Whether a call's mask is nothing but the flag that was answered already."""
    return any(answer.mask.written == each.mask.written and answer.value == each.value for each in known)


def _expressions(fn: ir.Function) -> Iterator[ir.Expr]:
    """Every expression of a function, from the outside in."""
    for block in fn.blocks:
        for each in block.instructions:
            operands = (each.function, *each.args) if isinstance(each, ir.Call) else (each.target, each.value)
            for expr in operands:
                yield from leaves(expr)
        if isinstance(block.end, ir.Branch):
            yield from leaves(block.end.condition)
