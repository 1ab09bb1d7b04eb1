"""Answers about one place in a source file: the lock or the mask that stands there.

Vocabulary like :mod:`gfplint.findings`: frozen nouns that analysis fills and an editor shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from gfplint.findings import CallbackLocks, Mask, Place


@dataclass(frozen=True, slots=True)
class LockAnswer:
    """A lock class, and which callbacks of reclaim may wait for it.

    ``kind`` is its title (``mutex``), ``sleeps`` whether waiting for it blocks: no callback's wait for a lock
    that doesn't is followed. Each of ``waiters`` has this lock alone in ``locks``, with the way to it.
    """

    name: str
    kind: str
    sleeps: bool
    waiters: tuple[CallbackLocks, ...]


@dataclass(frozen=True, slots=True)
class MaskAnswer:
    """A mask, or one flag, and what it lets the allocator do.

    ``value`` is the number where all of it is known, ``function`` the allocating call that the mask is passed
    to, "" for a name that stands alone. ``scopes`` are those (``nofs``) that the call is inside of; ``mask``
    has them applied. ``parameters`` are those of the function around it that the mask depends on.
    """

    mask: Mask
    value: int | None
    function: str = ""
    scopes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    meanings: tuple[tuple[str, str], ...] = ()
    """Flag → what it does, for those that gfplint has words for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of the word at ``place``: locks, masks, or both (a lock taken by an allocating macro).

    ``root`` is where relative paths start, as in :class:`gfplint.findings.Report`.
    """

    root: str
    place: Place
    locks: tuple[LockAnswer, ...]
    masks: tuple[MaskAnswer, ...]
