"""Positions in kept answers, by the definitions that they are in: these move when their file is edited.

An *anchor* is a definition that a position of an answer is in: its name, which one of that name in the file
(``#if``), and its span. A kept answer has its positions as they were, and its anchors. Where a file isn't
as it was, each position moves with its anchor. That the definition is what it was is known from what the
answer rests on (:mod:`gfplint.program.parts`); a position outside of any definition stays, because who asks
for its line rests on it.

What tells units and facts apart has positions in it, too: :meth:`Anchors.relative` writes them so that they
don't change when lines move.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from gfplint.findings import Note, Place
from gfplint.frontend.items import ItemKind

if TYPE_CHECKING:
    from gfplint.frontend.source import SourceFile

_KINDS = (ItemKind.FUNCTION, ItemKind.VARIABLE)


class Span(NamedTuple):
    """Where a definition is: offsets, and line and column of either end, the latter behind it."""

    start: int
    end: int
    line: int
    column: int
    last_line: int
    last_column: int


Name: TypeAlias = tuple[str, int]
"""A definition in a file: its name, and how many of that name are before it."""
Kept: TypeAlias = dict[str, list[tuple[str, int, tuple[int, ...]]]]
"""The anchors of an answer by file: name, number and span."""


class MovedError(LookupError):
    """A definition that a kept position was in isn't there any more."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """An offset in a file."""

    path: str
    at: int


class Files(Protocol):
    """Knows the files of the tree as they are (:class:`gfplint.program.parts.Parts`)."""

    def spans(self, path: str) -> Mapping[Name, Span]:
        """The definitions of a file."""


def spans(file: SourceFile) -> dict[Name, Span]:
    """The functions and variables of a file."""
    found: dict[Name, Span] = {}
    numbers: dict[str, int] = {}
    for item in file.items:
        if item.kind in _KINDS:
            number = numbers[item.name] = numbers.get(item.name, -1) + 1
            found[item.name, number] = Span(
                item.start, item.end, *file.position(item.start), *file.position(item.end)
            )
    return found


class Anchors:
    """The definitions that positions of one run's answers are in."""

    def __init__(self, files: Files, inside: Callable[[str], bool]) -> None:
        """``inside``: whether a file is one that an edit is noticed of by its parts."""
        self._files = files
        self._inside = inside
        self._known: dict[str, dict[Name, Span]] = {}
        self.fresh: Kept = {}
        """Those that became known, for the other processes."""

    # ------------------------------------------------------------------------- finding them

    def learn(self, kept: Kept) -> None:
        """Take over anchors that are known elsewhere."""
        for path, each in kept.items():
            for name, number, span in each:
                self._add(path, (name, number), Span(*span))

    def _add(self, path: str, name: Name, span: Span) -> None:
        known = self._known.setdefault(path, {})
        if name not in known:
            known[name] = span
            self.fresh.setdefault(path, []).append((*name, tuple(span)))

    def _found(self, path: str, fits: Callable[[Name, Span], bool]) -> Iterator[tuple[Name, Span]]:
        """The anchors of a file that fit: of those that are known, or else of all."""
        if not self._inside(path):
            return
        known = [each for each in self._known.get(path, {}).items() if fits(*each)]
        if not known:
            known = [each for each in self._files.spans(path).items() if fits(*each)]
            for name, span in known:
                self._add(path, name, span)
        yield from known

    def of(self, path: str, start: int, name: str) -> tuple[Name, Span] | None:
        """The anchor that a definition is itself."""
        return next(self._found(path, lambda each, span: span.start == start and each[0] == name), None)

    def around(self, path: str, at: int) -> tuple[Name, Span] | None:
        """The anchor of an offset, None where no definition is there."""
        return next(self._found(path, lambda _, span: span.start <= at < span.end), None)

    def on(self, path: str, line: int, column: int) -> tuple[Name, Span] | None:
        """The anchor of a line and column."""
        return next(self._found(path, lambda _, span: _contains(span, line, column)), None)

    def on_line(self, path: str, line: int) -> list[tuple[Name, Span]]:
        """The anchors of a line: all that have a part of it."""
        if not line or not self._inside(path):
            return []
        return [each for each in self._files.spans(path).items() if each[1].line <= line <= each[1].last_line]

    # -------------------------------------------------------------------------- relative forms

    def relative(self, value: Any) -> Any:
        """The same made of tuples, texts and numbers, with positions as they are while definitions move; its
        ``repr`` is the same for equal values, whatever the order in sets.
        """
        kind = value.__class__
        if kind is str or kind is int:
            return value
        if kind is list or kind is tuple:
            return tuple([self.relative(each) for each in value])
        if kind is set or kind is frozenset:
            return tuple(sorted([repr(self.relative(each)) for each in value]))
        write = _relative_forms().get(kind)
        if write is not None:
            return write(self, value)
        if is_dataclass(value):
            return kind.__name__, *[self.relative(getattr(value, each.name)) for each in fields(value)]
        return repr(value)

    # --------------------------------------------------------------------------------- pickles

    def dumps(self, answer: object) -> tuple[bytes, Kept]:
        """An answer, and the anchors of the positions in it."""
        used: dict[str, dict[Name, Span]] = {}

        def note(path: str, found: Iterable[tuple[Name, Span]]) -> None:
            each = used.setdefault(path, {})  # of a file without anchors, too: what is in it may not move
            for name, span in found:
                each[name] = span

        stream = io.BytesIO()
        pickler = pickle.Pickler(stream, 5)
        pickler.dispatch_table = copyreg.dispatch_table | {
            kind: _reducer(self, kind, places, note) for kind, places in _placed().items()
        }
        pickler.dump(answer)
        kept = {
            path: [(*name, tuple(span)) for name, span in sorted(each.items())] for path, each in used.items()
        }
        return stream.getvalue(), kept

    def loads(self, data: bytes, kept: Kept, moved: Iterable[str]) -> Any:
        """An answer whose anchors in the ``moved`` files may be elsewhere now. Raises :class:`MovedError`."""
        paths = [path for path in moved if path in kept]
        if not paths:
            self.learn(kept)
            return pickle.loads(data)
        moves: dict[str, list[tuple[str, Span, Span]]] = {}
        now = dict(kept)
        for path in paths:
            there = self._files.spans(path)
            moves[path] = []
            now[path] = []
            for name, number, span in kept[path]:
                new = there.get((name, number))
                if new is None:
                    raise MovedError
                moves[path].append((name, Span(*span), new))
                now[path].append((name, number, tuple(new)))
        self.learn(now)
        return _Rebasing(io.BytesIO(data), _Moves(moves)).load()


def _contains(span: Span, line: int, column: int) -> bool:
    return (span.line, span.column) <= (line, column) < (span.last_line, span.last_column)


class _Moves:
    """Where positions are now."""

    def __init__(self, moves: Mapping[str, list[tuple[str, Span, Span]]]) -> None:
        self._moves = moves

    def start(self, path: str, start: int, name: str) -> int:
        """Of a definition."""
        if path not in self._moves:
            return start
        for each, old, new in self._moves[path]:
            if each == name and old.start == start:
                return new.start
        raise MovedError

    def at(self, path: str, at: int) -> int:
        """Of an offset."""
        shifts = {
            new.start - old.start for _, old, new in self._moves.get(path, ()) if old.start <= at < old.end
        }
        return at + _only(shifts)

    def line(self, path: str, line: int) -> int:
        """Of a line."""
        return line + _only(
            {
                new.line - old.line
                for _, old, new in self._moves.get(path, ())
                if old.line <= line <= old.last_line
            }
        )

    def on(self, path: str, line: int, column: int) -> tuple[int, int]:
        """Of a line and column: how far they move."""
        inside = [(old, new) for _, old, new in self._moves.get(path, ()) if _contains(old, line, column)]
        return (
            _only({new.line - old.line for old, new in inside}),
            _only({new.column - old.column if line == old.line else 0 for old, new in inside}),
        )


def _only(shifts: set[int]) -> int:
    if len(shifts) > 1:
        raise MovedError
    return next(iter(shifts), 0)


class _Rebasing(pickle.Unpickler):
    """Puts positions where they are now."""

    def __init__(self, stream: io.BytesIO, moves: _Moves) -> None:
        super().__init__(stream)
        self._moves = moves

    def find_class(self, module: str, name: str) -> Any:
        """What a pickle names: for a class with positions, a function that makes one of it."""
        found = super().find_class(module, name)
        make = _placed().get(found) if isinstance(found, type) else None
        return make.moved(self._moves) if make is not None else found


# ------------------------------------------------------------------------------- classes with positions


class _Placed(NamedTuple):
    """How a class with positions is written and read."""

    parts: Callable[[Any], tuple[Any, ...]]
    """The arguments that make an object again."""
    anchors: Callable[[Anchors, Any], Iterable[tuple[str, Iterable[tuple[Name, Span]]]]]
    """By file, where its own positions are."""
    moved: Callable[[_Moves], Callable[..., Any]]
    """Makes one of its arguments, moved."""


_Note: TypeAlias = Callable[[str, Iterable[tuple[Name, Span]]], None]


def _reducer(anchors: Anchors, kind: Any, placed: _Placed, note: _Note) -> Callable[[Any], tuple[Any, ...]]:
    def reduce(value: Any) -> tuple[Any, ...]:
        for path, found in placed.anchors(anchors, value):
            note(path, found)
        return kind, placed.parts(value)

    return reduce


def _one(found: tuple[Name, Span] | None) -> list[tuple[Name, Span]]:
    return [found] if found is not None else []


@cache
def _placed() -> dict[type, _Placed]:
    """The classes that have positions."""
    from gfplint.program.program import FunctionRef
    from gfplint.program.registrations import Registered

    def ref(moves: _Moves) -> Callable[..., FunctionRef]:
        return lambda path, start, name: FunctionRef(path, moves.start(path, start, name), name)

    def registered(moves: _Moves) -> Callable[..., Registered]:
        return lambda context, callback, role, path, at, by: Registered(
            context, callback, role, path, moves.at(path, at), by
        )

    def spot(moves: _Moves) -> Callable[..., Spot]:
        return lambda path, at: Spot(path, moves.at(path, at))

    def place(moves: _Moves) -> Callable[..., Place]:
        def make(path: str, line: int, column: int, end_column: int) -> Place:
            down, right = moves.on(path, line, column)
            return Place(path, line + down, column + right, end_column + right if end_column else 0)

        return make

    def noted(moves: _Moves) -> Callable[..., Note]:
        return lambda kind, path, line, text: Note(kind, path, moves.line(path, line), text)

    return {
        FunctionRef: _Placed(
            lambda each: (each.path, each.start, each.name),
            lambda anchors, each: [(each.path, _one(anchors.of(each.path, each.start, each.name)))],
            ref,
        ),
        Registered: _Placed(
            lambda each: (each.context, each.callback, each.role, each.path, each.at, each.by),
            lambda anchors, each: [(each.path, _one(anchors.around(each.path, each.at)))],
            registered,
        ),
        Spot: _Placed(
            lambda each: (each.path, each.at),
            lambda anchors, each: [(each.path, _one(anchors.around(each.path, each.at)))],
            spot,
        ),
        Place: _Placed(
            lambda each: (each.path, each.line, each.column, each.end_column),
            lambda anchors, each: [(each.path, _one(anchors.on(each.path, each.line, each.column)))],
            place,
        ),
        Note: _Placed(
            lambda each: (each.kind, each.path, each.line, each.text),
            lambda anchors, each: [(each.path, anchors.on_line(each.path, each.line))],
            noted,
        ),
    }


@cache
def _relative_forms() -> dict[type, Callable[[Anchors, Any], Any]]:
    """How the classes with positions that keys and facts have are written there."""
    from gfplint.program.program import FunctionRef
    from gfplint.program.registrations import Registered

    def ref(anchors: Anchors, each: FunctionRef) -> Any:
        found = anchors.of(each.path, each.start, each.name)
        return each.path, each.name, found[0][1] if found is not None else ("at", each.start)

    def offset(anchors: Anchors, path: str, at: int) -> Any:
        found = anchors.around(path, at)
        return (path, *found[0], at - found[1].start) if found is not None else (path, at)

    def registered(anchors: Anchors, each: Registered) -> Any:
        return (
            each.context,
            ref(anchors, each.callback),
            each.role,
            offset(anchors, each.path, each.at),
            ref(anchors, each.by) if each.by is not None else None,
        )

    def place(anchors: Anchors, each: Place) -> Any:
        found = anchors.on(each.path, each.line, each.column)
        if found is None:
            return each.path, each.line, each.column, each.end_column
        return each.path, *found[0], each.line - found[1].line, each.column, each.end_column

    return {FunctionRef: ref, Registered: registered, Place: place}
