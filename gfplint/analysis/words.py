"""Patterns for what is looked for in the text of sources before anything is parsed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

CALLED = re.compile(rb"\b([A-Za-z_]\w*)[ \t]*\(")
"""What looks like a call or definition, with its name."""
GUARD_MACROS = frozenset({"guard", "scoped_guard", "scoped_cond_guard", "CLASS"})
"""The macros that take a guard's name (include/linux/cleanup.h)."""


def either(words: Iterable[str]) -> bytes:
    """The alternatives of a pattern, sorted."""
    return b"|".join(re.escape(word.encode()) for word in sorted(words))


def any_of(words: Iterable[str]) -> re.Pattern[bytes]:
    """A pattern for any of these identifiers."""
    return re.compile(rb"\b(?:" + either(words) + rb")\b")


_MOST_APART = 40
"""Words that are looked for one by one: a plain search is twenty times as fast as a pattern's."""


def may_have(text: bytes, words: Collection[str]) -> bool:
    """Whether one of the words stands in a text, perhaps inside of a longer one; of many words it isn't
    looked up. Asked before a pattern that needs one of them.
    """
    return len(words) > _MOST_APART or any(word.encode() in text for word in words)


def words_in(text: bytes, words: Collection[str]) -> set[str]:
    """Which of these identifiers a text has."""
    if len(words) <= _MOST_APART:
        words = [word for word in words if word.encode() in text]
        if not words:
            return set()
    return {found.decode() for found in any_of(words).findall(text)}
