"""Patterns for what is looked for in the text of sources before anything is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
