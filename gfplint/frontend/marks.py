"""What the normaliser changed, so that lowering can still see it.

The normaliser rewrites kernel dialect at the same length; tree-sitter then parses plain C. Whatever
it replaced is still in the untouched source at the same offset, and a :class:`Mark` says what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class MarkKind(Enum):
    """What stood at a mark's place."""

    LOOP = auto()
    """A macro with a statement behind it, ``list_for_each_entry(…) {``: its name became ``while`` (or,
    where it is too short, ``if``), padded with blanks. ``name`` is the macro's."""
    STATEMENT = auto()
    """A macro used as a statement without its semicolon; blanked. ``text`` is the whole use."""
    ATTRIBUTE = auto()
    """An attribute-like macro, ``__init``, ``__free(kfree)``, ``__must_hold(x)``; blanked."""
    DECLARATION = auto()
    """A declaring macro, ``DEFINE_MUTEX(x);``, ``static LIST_HEAD(x);``, ``SYSCALL_DEFINE3(…)``."""
    TYPE = auto()
    """A type where C wants an expression, ``container_of(p, struct x, y)``, now one identifier; also
    ``typeof(…)``, now ``struct …``, an ``offsetof()`` and an operator as a macro's argument."""
    RANGE = auto()
    """The dots of ``case 1 ... 3:``, now ``||``, which makes the case's value a binary expression whose
    operator starts here."""


@dataclass(frozen=True, slots=True)
class Mark:
    """``start`` and ``end`` are byte offsets into the parsed slice (not the file)."""

    kind: MarkKind
    start: int
    end: int
    name: str
    text: str
