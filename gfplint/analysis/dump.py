"""What each stage made of some functions, as text: ``gfplint --dump ir|calls|locks|masks PATH[:FUNCTION]``.

In: a stage's name and the options of a run, whose paths may end in ``:FUNCTION``. Out: plain text without
anything that differs between equal runs, one paragraph per function in source order, so that the dumps of two
trees, or of two versions of gfplint, can be compared line by line. Positions are ``line:column``. A function
about which a stage has nothing to say is left out unless it is named.

Each function is looked at as if called with unknown arguments, as the search for regions does.

Errors: :class:`gfplint.errors.UsageError` for a path without C files and for a function that isn't there.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from gfplint import ir
from gfplint.analysis import dump_text
from gfplint.analysis.callbacks import Callback, Callbacks
from gfplint.analysis.evaluate import Limits
from gfplint.analysis.expressions import Reader
from gfplint.analysis.observe import observe
from gfplint.analysis.run import Run
from gfplint.analysis.state import State
from gfplint.analysis.summary import Allocation, Effect
from gfplint.analysis.values import TOP, Code, Value, alternatives, as_bits, truth
from gfplint.api import CheckOptions, open_tree
from gfplint.errors import UsageError
from gfplint.findings import Mask
from gfplint.frontend.source import Item, ItemKind
from gfplint.irprint import format_expr, format_function, format_variable
from gfplint.models import Allocate, CallBack, Model
from gfplint.program.pointers import called
from gfplint.program.program import FunctionRef
from gfplint.program.substitution import at_call

_OFFSET = re.compile(r"  @(\d+)(?=  via |$)", re.M)
_FEW_FLAGS = 6
"""Undecided flags that are listed; an unknown mask has them all."""
_DEFINITIONS = (ItemKind.FUNCTION, ItemKind.VARIABLE)


def dump_stage(stage: str, options: CheckOptions) -> str:
    """The dump of ``stage``, one of :data:`STAGES`; ``options.progress`` hears of each file."""
    wanted: list[tuple[Path, str | None]] = [_parted(path) for path in options.paths]
    options = replace(options, paths=tuple(path for path, _ in wanted))
    with open_tree(options) as tree:
        return _dumped(stage, Run(options, tree, limits=Limits()), wanted)


def _dumped(stage: str, run: Run, wanted: list[tuple[Path, str | None]]) -> str:
    options = run.options
    dump = Dump(run)
    names = _names(run, [name for _, name in wanted])
    blocks: list[str] = []
    met: set[str] = set()
    for number, path in enumerate(run.files):
        if options.progress is not None:
            options.progress(f"dumping {stage}", number, len(run.files))
        for item in dump.items(path):
            chosen = names[path]
            if chosen is not None and item.name not in chosen:
                continue
            met.add(item.name)
            if item.kind is ItemKind.FUNCTION:
                blocks.append(dump.function(path, item, stage, named=chosen is not None))
            elif stage == "ir":
                blocks.append(dump.variable(path, item))
    for place, name in wanted:
        if name is not None and name not in met:
            known = {item.name for each in run.files for item in dump.items(each)}
            near = difflib.get_close_matches(name, sorted(known), 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(f"There is no function {name or 'without a name'} in {place}.{hint}")
    return "\n".join(block for block in blocks if block)


def _parted(path: Path) -> tuple[Path, str | None]:
    """``drivers/x.c:probe`` → path and function; a file whose name has a colon keeps it."""
    file, colon, name = str(path).rpartition(":")
    return (Path(file), name) if colon and not path.exists() else (path, None)


def _names(run: Run, wanted: list[str | None]) -> dict[str, set[str] | None]:
    """File → the names asked for in it, None for all."""
    result: dict[str, set[str] | None] = {}
    for path in run.files:
        chosen: set[str] | None = set()
        for under, name in zip(run.paths, wanted, strict=True):
            if under in ("", ".") or path == under or path.startswith(f"{under}/"):
                chosen = None if name is None or chosen is None else chosen | {name}
        result[path] = chosen
    return result


Stage: TypeAlias = Callable[["Dump", FunctionRef, ir.Function], list[str]]
"""Prints one function: lines without indentation, none where there is nothing to say."""


class Dump:
    """Prints functions of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.program = run.program
        self.evaluator = run.evaluator

    def items(self, path: str) -> list[Item]:
        """Functions and variables of a file."""
        return self.program.items(path, *_DEFINITIONS)

    def at(self, path: str, offset: int) -> str:
        """``path:line:column`` of an offset."""
        line, column = self.program.position(path, offset)
        return f"{path}:{line}:{column}"

    def here(self, fn: ir.Function, offset: int) -> str:
        """``line:column`` of an offset in the function's own file."""
        line, column = self.program.position(fn.path, offset)
        return f"{line}:{column}"

    def variable(self, path: str, item: Item) -> str:
        """A file-scope variable with its initialiser."""
        texts = [
            format_variable(each)
            for each in self.program.variables_of(path, item)
            if each.name == item.name or not item.name
        ]
        return f"{self.at(path, item.name_at)}: {item.name}\n{''.join(texts)}" if texts else ""

    def function(self, path: str, item: Item, stage: str, *, named: bool) -> str:
        """The header of a function and what ``stage`` has to say about it.

        Where that is nothing, "", or, for a function that was asked for by name, words to that effect.
        """
        ref = FunctionRef(path, item.start, item.name)
        fn = self.program.function(ref)
        tell, nothing = STAGES[stage]
        lines = tell(self, ref, fn) if fn is not None else ["could not be read"]
        if not lines and not named:
            return ""
        remarks = [] if item.active else ["not built in this configuration"]
        if fn is not None and fn.errors:
            remarks.append("read in part")
        header = f"{self.at(path, item.name_at)}: {item.name}()"
        header += f" [{', '.join(remarks)}]" if remarks else ""
        return "\n".join([header, *(f"    {line}" for line in lines or [nothing])]) + "\n"

    @cached_property
    def callbacks(self) -> dict[FunctionRef, list[Callback]]:
        """The callbacks of reclaim that the rules know of, by function."""
        rules = self.run.rules
        contexts = [
            rules.context(name) for name in sorted({name for rule in rules for name in rule.contexts})
        ]
        found: dict[FunctionRef, list[Callback]] = {}
        for each in Callbacks(self.evaluator).find(contexts):
            found.setdefault(each.registered.callback, []).append(each)
        return found


# ------------------------------------------------------------------------------------------ ir


def _ir(dump: Dump, _: FunctionRef, fn: ir.Function) -> list[str]:
    """The lowered function."""
    text = _OFFSET.sub(lambda match: f"  @{dump.here(fn, int(match[1]))}", format_function(fn))
    return text.splitlines()


# --------------------------------------------------------------------------------------- calls


def _calls(dump: Dump, ref: FunctionRef, fn: ir.Function) -> list[str]:
    """Every call and what it calls."""
    known: dict[int, set[Value]] = {}

    def watch(call: ir.Call, state: State, reader: Reader) -> None:
        values = known.setdefault(call.result.number, set())
        for pointer in _pointers(dump, call, fn):
            values.update(alternatives(reader.value(pointer, state)))

    observe(dump.evaluator, ref, fn, watch)
    calls = [each for block in fn.blocks for each in block.instructions if isinstance(each, ir.Call)]
    lines: list[str] = []
    for call in sorted(calls, key=lambda each: each.at):
        via = f" via {call.via}" if call.via else ""
        reached = "" if call.result.number in known else " [never reached]"
        target = _target(dump, call, fn, known.get(call.result.number, set()))
        lines.append(f"{dump.here(fn, call.at)} {format_expr(call.function)}{via} -> {target}{reached}")
    return lines


def _pointers(dump: Dump, call: ir.Call, fn: ir.Function) -> list[ir.Expr]:
    """The function pointers that a call follows: its own, or those that an API model calls back."""
    direct = dump.evaluator.pointers.direct(call, fn)
    if direct is None:
        return [call.function]
    if not isinstance(direct, Model):
        return []
    actual: dict[str, ir.Expr] = dict(zip(direct.params, call.args, strict=False))
    return [at_call(each.function, actual) for each in direct.effects if isinstance(each, CallBack)]


def _target(dump: Dump, call: ir.Call, fn: ir.Function, values: set[Value]) -> str:
    direct = dump.evaluator.pointers.direct(call, fn)
    if direct is None:
        return _behind(dump, call, fn, values)
    if isinstance(direct, Model):
        text = f"model {Path(direct.path).name}:{direct.line}"
        for pointer in _pointers(dump, call, fn):
            inner = ir.Call(pointer, (), call.result, call.at, call.via)
            text += f", which calls {format_expr(pointer)}: {_behind(dump, inner, fn, values)}"
        return text
    return ", ".join(_place(dump, each) for each in direct) or "unresolved: the tree has no definition"


def _behind(dump: Dump, call: ir.Call, fn: ir.Function, values: set[Value]) -> str:
    """The targets of a call through a pointer: by its value, else by what is stored in the field."""
    refs = sorted({each.ref for each in values if isinstance(each, Code)})
    if refs and all(isinstance(each, Code) for each in values):
        return f"by value {', '.join(_place(dump, each) for each in refs)}"
    deps = 0
    for each in values:
        deps |= each.deps
    if deps:
        return f"what callers pass: {_parameters(deps, fn)}"
    home = fn.path.rpartition("/")[0]
    found = dump.evaluator.pointers.targets(call, fn, home).refs
    if found:
        return f"stored {', '.join(_place(dump, each) for each in found)}"
    count = dump.program.account.sites.get(called(fn, call, repr(call.function)), 0)
    return "unresolved: too many functions are possible" if count else "unresolved: no target is known"


def _place(dump: Dump, ref: FunctionRef) -> str:
    file = dump.program.source(ref.path)
    for item in file.find(ref.name, ItemKind.FUNCTION) if file is not None else ():
        if item.start == ref.start:
            return f"{ref.name} {dump.at(ref.path, item.name_at).rpartition(':')[0]}"
    return f"{ref.name} {ref.path}"


# --------------------------------------------------------------------------------------- locks


def _locks(dump: Dump, ref: FunctionRef, fn: ir.Function) -> list[str]:
    """Locks held at calls, the exits, and what a callback of reclaim waits for."""
    seen: dict[tuple[int, int], tuple[ir.Call, set[str]]] = {}

    def watch(call: ir.Call, state: State, _: Reader) -> None:
        texts = seen.setdefault((call.at, call.result.number), (call, set()))[1]
        texts.add(dump_text.held(state.held, fn.path, dump.at))

    summary = observe(dump.evaluator, ref, fn, watch)
    lines: list[str] = []
    for key in sorted(seen):
        call, texts = seen[key]
        if texts == {"none"}:
            continue
        which = " | ".join(sorted(texts, key=lambda text: (text == "none", text)))
        via = f" via {call.via}" if call.via else ""
        lines.append(f"{dump.here(fn, call.at)} {format_expr(call.function)}{via} under {which}")
    lines.extend(dump_text.exits(summary.exits, fn.path, dump.at))
    for each in dump.callbacks.get(ref, ()):
        lines.extend(_waits(dump, each))
    if not summary.exits:
        lines.append("never returns")
    if not summary.complete:
        lines.append("not followed to the end: a bound was hit")
    return lines


def _waits(dump: Dump, callback: Callback) -> list[str]:
    registered = callback.registered
    title = dump.run.rules.context(registered.context).title
    line = f"callback of {title} ({registered.role}), registered at {dump.at(registered.path, registered.at)}"
    waits = [
        dump_text.wait(each.lock, each.shared, _steps(registered.callback, each.effect), dump.at)
        for each in callback.waits()
    ]
    if not waits:
        return [f"{line}: waits for no lock"]
    return [line, *(f"    waits for {text}" for text in waits)]


def _steps(ref: FunctionRef, effect: Effect) -> list[tuple[FunctionRef, int]]:
    steps = [(ref, effect.at)]
    while effect.inner is not None and effect.callee is not None:
        ref, effect = effect.callee, effect.inner
        steps.append((ref, effect.at))
    return steps


# --------------------------------------------------------------------------------------- masks


def _masks(dump: Dump, ref: FunctionRef, fn: ir.Function) -> list[str]:
    """The allocations that the function makes itself, those without direct reclaim too."""
    seen: dict[tuple[int, int], tuple[ir.Call, set[str]]] = {}

    def watch(call: ir.Call, state: State, reader: Reader) -> None:
        model = dump.evaluator.pointers.direct(call, fn)
        if not isinstance(model, Model):
            return
        actual: dict[str, ir.Expr] = dict(zip(model.params, call.args, strict=False))
        for each in model.effects:
            if isinstance(each, Allocate):
                texts = seen.setdefault((call.at, call.result.number), (call, set()))[1]
                texts.update(_allocation(dump, ref, fn, each, model, actual, call, state, reader))

    observe(dump.evaluator, ref, fn, watch)
    lines: list[str] = []
    for key in sorted(seen):
        call, texts = seen[key]
        via = f" via {call.via}" if call.via else ""
        place = f"{dump.here(fn, call.at)} {format_expr(call.function)}{via}"
        lines.extend(f"{place}: {text}" for text in sorted(texts))
    return lines


def _allocation(
    dump: Dump,
    ref: FunctionRef,
    fn: ir.Function,
    allocate: Allocate,
    model: Model,
    actual: dict[str, ir.Expr],
    call: ir.Call,
    state: State,
    reader: Reader,
) -> list[str]:
    """A text for each mask that the allocation may have in this state."""
    condition = ""
    if allocate.when is not None:
        when = at_call(allocate.when, actual)
        answer = truth(reader.value(when, state))
        if answer is False:
            return []
        condition = f", where {format_expr(when)}" if answer is None else ""
    argument = -1
    if isinstance(allocate.mask, ir.Local) and allocate.mask.name in model.params:
        argument = model.params.index(allocate.mask.name)
    order: Value = TOP
    if allocate.order is not None:
        order = reader.value(at_call(allocate.order, actual), state)
        condition += f", order {dump_text.value(order)}"
    if state.entered:
        condition += f", inside {dump_text.scopes(state.entered)}"
    mask = reader.value(at_call(allocate.mask, actual), state)
    unknown = f", depends on {_parameters(mask.deps, fn)}" if mask.deps else ""
    texts: list[str] = []
    for each in alternatives(mask):
        event = Allocation(model.name, as_bits(each), as_bits(order), argument)
        effect = Effect(event, call.at, call, entered=state.entered)
        texts.append(_words(dump.run.phases.explainer.mask(event, effect, ref)) + condition + unknown)
    return texts


def _words(mask: Mask) -> str:
    flags = " | ".join(mask.flags) or "0"
    undecided = ""
    if mask.undecided:
        few = len(mask.undecided) <= _FEW_FLAGS
        undecided = f", undecided {' | '.join(mask.undecided)}" if few else ", most flags undecided"
    return f"{mask.written} is {flags} ({mask.words}){undecided}"


def _parameters(deps: int, fn: ir.Function) -> str:
    return " and ".join(name for number, name in enumerate(fn.params) if deps >> number & 1)


STAGES: dict[str, tuple[Stage, str]] = {
    "ir": (_ir, ""),
    "calls": (_calls, "calls nothing"),
    "locks": (_locks, "no locks"),
    "masks": (_masks, "allocates nothing itself"),
}
"""Stage → what prints one function in it, and what is said where that is nothing."""
