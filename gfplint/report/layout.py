"""Laying out text in columns: wrapping that keeps C identifiers and paths readable, and terminal styles."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Where a word that is longer than its line may be broken: after a path's or an expression's joints, else
# anywhere.
_JOINTS = re.compile(r"(?<=[/._>(,|-])")
# C0, DEL, C1 and the bidirectional controls: file names are input, and a terminal obeys them.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_STYLES = {"bold": "1", "dim": "2", "red": "1;31", "yellow": "33", "cyan": "36"}


def printable(text: str) -> str:
    """The text with every control character spelled out in hexadecimal instead of sent to the terminal."""
    return _CONTROLS.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def style(text: str, name: str, colour: bool) -> str:
    """The text in a style of `_STYLES`; as it is where `colour` is off or either string is empty."""
    return f"\x1b[{_STYLES[name]}m{text}\x1b[0m" if colour and name and text else text


def wrap(text: str, width: int, *, hang: int = 0) -> list[str]:
    """Lines of at most `width` characters; all but the first are indented by `hang`.

    Breaks at blanks; a word that doesn't fit on a line of its own is broken at a joint (``/``, ``.``, ``_``,
    ``->``), and where even that is too long, anywhere. An empty text gives one empty line. Nothing but blanks
    at breaks is ever lost.
    """
    width = max(width, hang + 1)
    lines: list[str] = []
    line = ""
    for word in text.split():
        room = width - (hang if lines else 0)
        joined = f"{line} {word}" if line else word
        if len(joined) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
            room = width - hang
        pieces = list(_pieces(word, room, width - hang))
        lines.extend(pieces[:-1])
        line = pieces[-1]
    lines.append(line)
    indent = " " * hang
    return [lines[0], *(indent + rest for rest in lines[1:])]


def _pieces(word: str, first: int, width: int) -> Iterator[str]:
    """The word in parts that fit: the first in `first` characters, the others in `width`."""
    room = first
    part = ""
    for chunk in _JOINTS.split(word):
        if len(part) + len(chunk) <= room:
            part += chunk
            continue
        if part:
            yield part
            room = width
        while len(chunk) > room:
            yield chunk[:room]
            chunk = chunk[room:]
            room = width
        part = chunk
    if part:
        yield part


def count(number: int, singular: str, plural: str = "") -> str:
    """``1 file``, ``12,304 files``, ``no files`` (`plural` where adding an s is not enough)."""
    noun = singular if number == 1 else plural or singular + "s"
    return f"{number:,} {noun}" if number else f"no {noun}"
