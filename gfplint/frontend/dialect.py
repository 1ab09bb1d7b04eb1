"""The kernel's dialect made plain C at the same length."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from gfplint.frontend.marks import Mark


class Shape(Enum):
    """What a macro's use looks like to the grammar."""

    LOOP = auto()
    """A statement follows: ``list_for_each_entry(…) {``."""
    STATEMENT = auto()
    """A whole statement, with or without its own semicolon."""
    EXPRESSION = auto()
    ATTRIBUTE = auto()
    """Nothing, or something beside a declaration that the analysis has no use for."""
    DECLARATION = auto()
    TYPE = auto()


class Shapes(Protocol):
    """What the normaliser may ask about a macro it meets."""

    def shape(self, name: str, path: str) -> Shape | None:
        """The shape of macro ``name`` as seen from ``path``; None where it is no macro or unknown."""
        ...


def normalise(text: bytes, path: str, shapes: Shapes) -> tuple[bytes, dict[int, Mark]]:
    """``text`` as plain C, and what was changed."""
    return text, {}
