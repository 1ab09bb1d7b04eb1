"""What one path knows of the scopes it entered: which are open, and how it got here.

In: nothing but :class:`State`. Out: :class:`ScopeState`, which keeps paths apart while they differ in what is
open, and the nouns of what can be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from gfplint import ir
from gfplint.analysis.state import Key, State, parts, root
from gfplint.analysis.values import Cookie, Value, alternatives

UNSET = Cookie(-1, False)
"""The value of a variable that nothing was assigned to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A place that enters a scope: ``memalloc_*_save()``, a wrapper of it, or ``current->flags |= …``.

    ``kind`` is one of the API models' scopes. ``call`` is the function's name, or "" for a scope entered by
    hand; ``kept`` is False where the cookie is thrown away. ``wrapped``: ``call`` is no API model.
    """

    kind: str
    call: str
    at: int
    kept: bool = True
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """What a path did, latest first: each save, restore and branch."""

    before: Trace | None
    kind: str
    at: int
    block: int = 0
    outcome: bool = True

    def steps(self) -> list[Trace]:
        """In order of time."""
        found: list[Trace] = []
        each: Trace | None = self
        while each is not None:
            found.append(each)
            each = each.before
        return found[::-1]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``kind``: ``left-open``, ``entered-again``, ``other-kind``, ``order`` or
    ``unset``. ``at`` is the restore or the way out; ``entry`` the number of the save that it is about, -1 for
    none, ``other`` that of a second one. ``restore`` is the name of the function at fault.
    """

    kind: str
    entry: int
    at: int
    trace: Trace | None
    restore: str = ""
    other: int = -1
    joined: bool = False


class ScopeState(State):
    """A state that also knows which scopes are open."""

    __slots__ = ("joined", "marks", "open", "restored", "trace")

    def __init__(self) -> None:
        super().__init__()
        self.open: tuple[int, ...] = ()
        """Numbers of entries, in order of entry; the cookie of each is still in this function's hands."""
        self.marks: tuple[str, ...] = ()
        """What is known of the conditions that decide about saves and restores."""
        self.restored: frozenset[tuple[int, str]] = frozenset()
        """Parameters that were restored as cookies, with the scope's kind."""
        self.trace: Trace | None = None
        self.joined = False
        """Whether paths that should have been kept apart were joined."""

    @property
    def key(self) -> Key:
        """States with equal keys are joined where they meet."""
        return tuple(map(str, self.open)), self.marks, 0, 0

    def fork(self) -> ScopeState:
        """A copy that can go another way."""
        other = ScopeState()
        other.variables = dict(self.variables)
        other.facts = dict(self.facts)
        other.held, other.dropped = self.held, self.dropped
        other.entered, other.left = self.entered, self.left
        other.open, other.marks, other.restored = self.open, self.marks, self.restored
        other.trace, other.joined = self.trace, self.joined
        return other

    def merge(self, other: State, *, widening: bool) -> bool:
        """Make this state cover ``other`` too; True where that changed it."""
        changed = super().merge(other, widening=widening)
        if isinstance(other, ScopeState):
            restored = self.restored & other.restored
            changed = changed or restored != self.restored or (other.joined and not self.joined)
            self.restored = restored
            self.joined = self.joined or other.joined
        return changed

    def hand_over(self, numbers: frozenset[int]) -> None:
        """Somebody else has the cookies of these entries now, and with them the duty to restore."""
        if numbers:
            self.open = tuple(each for each in self.open if each not in numbers)

    def note(self, kind: str, at: int, block: int = 0, outcome: bool = True) -> None:
        """Add to the trace."""
        self.trace = Trace(self.trace, kind, at, block, outcome)


def numbers_of(value: Value | None) -> frozenset[int]:
    """The entries whose cookie a value may be."""
    if value is None:
        return frozenset()
    return frozenset(
        each.scope for each in alternatives(value) if isinstance(each, Cookie) and each.scope >= 0
    )


def cookies_in(expr: ir.Expr, state: State) -> frozenset[int]:
    """The entries whose cookies an expression reads, or points to."""
    found = numbers_of(state.variables.get(expr)) | numbers_of(state.facts.get(expr))
    if isinstance(expr, ir.AddressOf):
        local = root(expr.operand)
        if isinstance(local, ir.Local):
            found |= numbers_of(state.variables.get(local))
            for key, value in state.facts.items():
                if root(key) == local:
                    found |= numbers_of(value)
    for part in parts(expr):
        found |= cookies_in(part, state)
    return found
