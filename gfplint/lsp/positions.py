"""Lines and columns: ours, which count characters from 1, and the protocol's.

The protocol counts lines and columns from 0, ends lines at LF, CR LF and a lone CR (ours end at LF only), and
counts columns in the units that client and server agreed on: UTF-16 unless they agreed on another.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from lsprotocol.types import Position, PositionEncodingKind

_LINE_END = re.compile(r"\r\n|\n|\r")


class Text:
    """The text of one file, in which positions are translated."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self._encoding = encoding
        self._ours = [0, *(match.end() for match in re.finditer("\n", text))]
        self._theirs = [0, *(match.end() for match in _LINE_END.finditer(text))]

    @classmethod
    def of(cls, data: bytes, encoding: str) -> Text:
        """The text of a file on disk. Bytes that are no UTF-8 are read as our columns read them."""
        return cls(data.decode("utf-8", "replace"), encoding)

    def line(self, number: int) -> str:
        """A line as we count them, from 1, without its end; "" behind the last one."""
        if not 1 <= number <= len(self._ours):
            return ""
        end = self._ours[number] - 1 if number < len(self._ours) else len(self.text)
        return self.text[self._ours[number - 1] : end]

    @property
    def lines(self) -> int:
        """How many lines there are, as we count them."""
        return len(self._ours)

    def position(self, line: int, column: int) -> Position:
        """A line and column of ours in the protocol's units. Behind the end: at the end."""
        line = min(max(line, 1), len(self._ours))
        offset = self._ours[line - 1] + min(max(column, 1) - 1, len(self.line(line)))
        row = bisect_right(self._theirs, offset) - 1
        return Position(row, self._units(self.text[self._theirs[row] : offset]))

    def place(self, position: Position) -> tuple[int, int]:
        """Line and column, as we count them, of a position of the protocol's. Behind the end: at the end."""
        row = min(position.line, len(self._theirs) - 1)
        start = self._theirs[row]
        end = self._theirs[row + 1] if row + 1 < len(self._theirs) else len(self.text)
        units = 0
        offset = start
        for char in self.text[start:end].rstrip("\r\n"):
            units += self._units(char)
            if units > position.character:
                break
            offset += 1
        line = bisect_right(self._ours, offset)
        return line, offset - self._ours[line - 1] + 1

    def _units(self, text: str) -> int:
        if self._encoding == PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "surrogatepass"))
        if self._encoding == PositionEncodingKind.Utf32:
            return len(text)
        return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)
