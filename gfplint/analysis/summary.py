"""The answer to «what may this function do, given these facts about its arguments?»

Nouns only: events, effects, exits, summaries. How they come about is :mod:`gfplint.analysis.evaluate`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from gfplint import ir
from gfplint.analysis.values import TOP, Value
from gfplint.analysis.written import NOBODY_KNOWS, NOTHING
from gfplint.program.program import FunctionRef

# Scope bits: what a task may be inside of. The names are those of the API models (`enters = "nofs"`).
NOIO = 1
NOFS = 2
NORECLAIM = 4
SCOPES = {"noio": NOIO, "nofs": NOFS, "noreclaim": NORECLAIM, "pin": 0, "flags": 0}


_NAMED = re.compile(r"(struct \w+\.)?[\w.]+")
_FIELD = re.compile(r"\**struct (\w+)\.")
_STATIC = re.compile(r" \((.+)\)\Z")


@dataclass(frozen=True, slots=True)
class LockClass:
    """A lock as lockdep would class it. ``kind`` is a kind of rules/models/kinds.toml.

    ``word`` is an identifier that any text naming the lock must contain; ``exact`` is False where the
    class is named by a pointer that leads to it rather than by what holds it.
    """

    name: str
    kind: str
    word: str
    exact: bool = True

    @property
    def anonymous(self) -> bool:
        """Whether there are very many of it and nothing tells them apart (the lock of every page)."""
        return not self.word and _NAMED.fullmatch(self.name) is None

    @property
    def tag(self) -> str:
        """The tag of the struct that the lock, or what leads to it, is a field of; "" for a variable."""
        match = _FIELD.match(self.name)
        return match[1] if match is not None else ""

    @property
    def home(self) -> str:
        """The file of a static variable, as its name says it; "" for any other lock."""
        match = _STATIC.search(self.name)
        return match[1] if match is not None else ""


@dataclass(slots=True)
class Held:
    """A lock held at some point: since where (``at``, in the function that is evaluated), and, where
    a callee took it and returned with it held, the effect in that callee.
    """

    lock: LockClass
    shared: bool
    at: int
    call: ir.Call
    inner: Held | None = None
    callee: FunctionRef | None = None
    pointer: ir.Expr | None = None
    """The expression that named the lock, to tell two instances of one class apart when one is released."""


Locks: TypeAlias = frozenset[tuple[str, bool]]
"""Classes of locks, each with whether it is held for reading."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """An allocation by ``function`` (an API model's name) with ``mask`` of ``order``.

    ``argument`` numbers the model's argument that the mask was written as, or is -1. ``key`` is what tells
    it from other allocations as far as any rule can see.
    """

    function: str
    mask: Value
    order: Value = TOP
    argument: int = -1
    key: object = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A blocking acquisition of a lock that sleeps."""

    lock: LockClass
    shared: bool

    @property
    def key(self) -> object:
        """What tells it from other waits."""
        return self.lock.name, self.shared


@dataclass(slots=True)
class Effect:
    """Something that a call of the function may do, with the shortest way there.

    ``at`` and ``call`` are in the function that the summary is of; ``inner`` is the same effect as the
    callee's summary has it (None where ``call`` itself is the API model's function). ``dropped`` are
    the lock classes that were held at entry and are let go at that point; ``entered`` and ``left`` the
    scopes entered (left) since. ``deps`` are the parameters that the mask depends on and that are not
    known. ``targets`` is how many functions the calls through pointers on the way could have reached:
    1 where all are certain.
    """

    event: Allocation | Wait
    at: int
    call: ir.Call
    dropped: frozenset[str] = frozenset()
    entered: int = 0
    left: int = 0
    deps: int = 0
    callee: FunctionRef | None = None
    inner: Effect | None = None
    depth: int = 0
    targets: int = 1
    under: Locks = frozenset()
    """What is surely held there besides, taken since the entry of the function or said to be held; for a wait
    also what was tried with success on the way.
    """
    tried: Locks = frozenset()
    """Of a wait: what was surely tried with success on the way."""
    warned: bool = False
    """Whether the kernel has complained on the way (``WARN_ON(1)``)."""

    @property
    def cost(self) -> tuple[int, ...]:
        """Smaller is the better witness: certain ones before short ones, then in source order."""
        return self.targets, self.warned, self.depth, self.at


@dataclass(slots=True)
class Region:
    """An effect reached while the evaluated function holds ``held``."""

    held: Held
    effect: Effect
    beside: Locks = frozenset()
    """The other locks that are surely held there, in this function or between it and the effect."""


@dataclass(slots=True)
class Exit:
    """One way to return: with this value, these locks taken, these dropped, these scopes changed."""

    value: Value
    taken: tuple[Held, ...] = ()
    dropped: frozenset[str] = frozenset()
    entered: int = 0
    left: int = 0

    @property
    def change(self) -> tuple[tuple[str, ...], tuple[str, ...], int, int]:
        """What a caller can tell apart besides the value."""
        return (
            tuple(sorted(held.lock.name for held in self.taken)),
            tuple(sorted(self.dropped)),
            self.entered,
            self.left,
        )


@dataclass(slots=True)
class Summary:
    """Everything a caller needs to know. ``effects`` is keyed for deduplication by the evaluator.

    ``consulted`` are the parameters whose facts this summary depends on, as bits; ``places`` those of
    them where the place pointed to matters, not only whether the pointer is null.
    """

    ref: FunctionRef
    effects: dict[object, Effect] = field(default_factory=dict)
    exits: list[Exit] = field(default_factory=list)
    regions: dict[object, Region] = field(default_factory=dict)
    below: dict[int, list[tuple[FunctionRef, Summary]]] = field(default_factory=dict)
    """Call offset → callees (with the very summary used) that have regions of their own."""
    passed: set[tuple[int, FunctionRef]] = field(default_factory=set)
    """Calls, by offset and callee, at which an allocation of the callee's may reclaim."""
    consulted: int = 0
    places: int = 0
    loaded: int = 0
    """Parameters through which fields are read: what a caller knows of the struct behind them matters."""
    written: dict[int, frozenset[str]] = field(default_factory=dict)
    """Parameter → names of the fields that may be written through it; see :mod:`gfplint.analysis.written`."""
    params: int = 0
    """Parameters that the function has, as far as it was looked at."""
    at_home: bool = False
    """Whether a call through a pointer was narrowed by where the walk started (:attr:`Evaluator.home`)."""
    at_doubt: bool = False
    """Whether a call with several possible targets was met: they are followed from certain ways only."""
    complete: bool = True
    """False where a bound (depth, evaluations) cut the walk short."""

    def writes(self, position: int) -> frozenset[str]:
        """Names of the fields that may be written through an argument."""
        if position >= self.params or not self.complete:
            return NOBODY_KNOWS
        return self.written.get(position, NOTHING)


@dataclass(slots=True)
class Facts:
    """What is known of the arguments, by position; missing ones are unknown."""

    values: tuple[Value, ...] = ()

    def get(self, position: int) -> Value:
        """The fact about one argument."""
        return self.values[position] if position < len(self.values) else TOP
