"""What a run found, apart from how it is printed.

What comes in: nothing; what goes out: the frozen nouns that analysis fills and report/ prints.
Lines and columns count from 1; a column counts characters, a tab as one, as SARIF's default
(``utf16CodeUnits`` for text without astral characters) and compilers' ``-fdiagnostics-column-unit=byte``
readers both accept for ASCII sources. Paths are relative to the tree's root, with ``/``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Confidence(IntEnum):
    """How sure the facts make us; docs/confidence.md defines each step."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """``low``, ``medium`` or ``high``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a source file."""

    path: str
    line: int
    column: int
    end_column: int = 0
    """Column just behind the last character of what is meant, or 0 where only the start is known."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a thread: where it happens and, in a few words, what.

    ``function`` is the function that the line belongs to. ``kind`` is one of ``enter``, ``acquire``,
    ``call``, ``allocate``, ``reclaim``, ``register``, ``callback``, ``wait``; for scopes ``save``,
    ``restore``, ``branch``, ``return``. ``text`` is a phrase such as
    ``takes struct virtio_balloon.balloon_lock`` or ``calls leak_balloon()``. ``place`` is None for a step in
    the kernel's core that no file of this tree was read for (``out_of_memory()``).
    """

    kind: str
    function: str
    text: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Thread:
    """One of the two sides of a deadlock, in order of time."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock class as lockdep would name it, and where the reported thread took it."""

    name: str
    kind: str
    taken: Place
    taken_in: str


@dataclass(frozen=True, slots=True)
class Mask:
    """An allocation mask: as the source writes it, evaluated, and in words.

    ``flags`` are the names of the bits that are surely set, ``undecided`` those that may be.
    """

    written: str
    flags: tuple[str, ...]
    undecided: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Way:
    """Which of the rule's ways to deadlock applies, and why (a sentence)."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment in the sources that allows a finding, where it stands, and the reason that it gives."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem at one place. ``place`` is the call made under the lock."""

    rule: str
    place: Place
    function: str
    message: str
    confidence: Confidence
    facts: tuple[str, ...]
    """The facts that set the confidence, each a short sentence."""
    threads: tuple[Thread, ...]
    lock: Lock | None = None
    mask: Mask | None = None
    ways: tuple[Way, ...] = ()
    unsaved: tuple[str, ...] = ()
    """Why a flag that looks as if it helped (``__GFP_NORETRY``, ``GFP_NOFS``) doesn't, a sentence each."""
    fixes: tuple[str, ...] = ()
    also: tuple[tuple[Place, str], ...] = ()
    """Other places of the same problem: further allocations under the same lock in the same region."""
    fingerprint: str = ""
    suppression: Suppression | None = None
    baseline: str = ""
    """SARIF's word for what an older report says: ``new``, ``unchanged``, ``updated``; empty without one."""

    @property
    def active(self) -> bool:
        """Whether it calls for action: it is neither allowed in the sources nor known from the baseline."""
        return self.suppression is None and self.baseline in ("", "new")


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """Something that could not be analysed, or a comment for gfplint that is wrong. ``kind`` groups them for
    counting: ``unresolved-call``, ``unresolved-callback``, ``unreadable-file``, ``syntax``, ``no-tree``,
    ``budget``; ``suppression`` (one that isn't honoured) and ``unused-suppression``.
    """

    kind: str
    path: str
    line: int
    text: str


@dataclass(slots=True)
class Statistics:
    """Counts of what a run did; every field is printed by ``--statistics`` under its name."""

    files_analysed: int = 0
    files_read: int = 0
    functions_listed: int = 0
    """Definitions that the run had to look inside: not all that the files have."""
    functions_lowered: int = 0
    functions_with_errors: int = 0
    functions_evaluated: int = 0
    callbacks: int = 0
    callbacks_left_out: int = 0
    """Those that can't wait for any lock that the analysed files hold, and weren't followed."""
    locks: int = 0
    calls_direct: int = 0
    calls_one_target: int = 0
    calls_few_targets: int = 0
    calls_many_targets: int = 0
    calls_no_target: int = 0


@dataclass(slots=True)
class Report:
    """Everything a run has to say; what report/ turns into text or SARIF."""

    findings: list[Finding]
    notes: list[Note]
    statistics: Statistics
    root: str | None
    """Absolute path of the kernel tree, or of the folder analysed where there is no tree."""
    kernel_version: str | None
    """``6.12.48``, or None without a tree."""
    paths: list[str] = field(default_factory=list)
    absent: list[dict[str, Any]] | None = None
    """SARIF results of the baseline that nothing was found for any more; None without a baseline."""

    @property
    def active(self) -> list[Finding]:
        """The findings that call for action: what is printed, and what the exit status counts."""
        return [finding for finding in self.findings if finding.active]


@dataclass(frozen=True, slots=True)
class CallbackLocks:
    """For ``--show-locks``: one callback of reclaim and what it may wait for."""

    context: str
    callback: str
    registered: Place
    defined: Place
    locks: tuple[tuple[Lock, tuple[Step, ...]], ...]
