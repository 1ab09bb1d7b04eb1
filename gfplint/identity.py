"""What stays the same of a finding while the lines around it move.

Two identities: the finding's own fingerprint, made of names, and GitHub's hash of the text from its line on.
"""

from __future__ import annotations

import hashlib
from array import array
from pathlib import Path

from gfplint.findings import Finding, Place

FINGERPRINT = "gfplint/v1"
LINE_HASH = "primaryLocationLineHash"
"""The names of both in SARIF's ``partialFingerprints``."""

_WINDOW = 100
_MULTIPLIER = 37
_MODULUS = 1 << 64
_END = "\uffff"


def fingerprint(finding: Finding) -> str:
    """The finding's own, or for one whose maker gave none, a hash of all that stays when lines move."""
    if finding.fingerprint:
        return finding.fingerprint
    lock = finding.lock.name if finding.lock else ""
    parts = (finding.rule, finding.place.path, finding.function, lock, finding.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def line_hash(text: str, line: int) -> str:
    """What GitHub's code scanning calls ``primaryLocationLineHash``; "" for a line that isn't there.

    A polynomial in 37 of the first 100 UTF-16 units from the line's start, blanks and tabs left out, any line
    end as a newline, 0xFFFF for the end of the file and zeros behind it; then which one it is of the lines
    with that hash. As in src/fingerprints.ts of github/codeql-action, which warns of uploads that differ.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace(" ", "").replace("\t", "") + _END
    starts = _starts(plain)
    if not 1 <= line <= len(starts):
        return ""
    start = starts[line - 1]
    units = array("H", plain[start : start + _WINDOW].encode("utf-16-le", "surrogatepass"))[:_WINDOW]
    value = 0
    for unit in units:
        value = (value * _MULTIPLIER + unit) % _MODULUS
    value = value * pow(_MULTIPLIER, _WINDOW - len(units), _MODULUS) % _MODULUS
    window = plain[start : start + _WINDOW]
    count = sum(plain.startswith(window, other) for other in starts[:line])
    return f"{value:x}:{count}"


def _starts(text: str) -> list[int]:
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


class Sources:
    """The text of the files that findings are in, each read once; "" for one that can't be read."""

    def __init__(self, root: str | None) -> None:
        self._root = Path(root) if root is not None else None
        self._texts: dict[str, str] = {}
        self._hashes: dict[tuple[str, int], str] = {}

    def text(self, path: str) -> str:
        """The file, undecodable bytes replaced."""
        if path not in self._texts:
            try:
                data = (self._root / path).read_bytes() if self._root is not None else b""
            except (OSError, ValueError):
                data = b""
            self._texts[path] = data.decode("utf-8", "replace")
        return self._texts[path]

    def lines(self, path: str) -> list[str]:
        """Its lines without their ends; none where it can't be read."""
        if not self.text(path):
            return []
        return self.text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def hash(self, place: Place) -> str:
        """`line_hash` of the place; "" where the file can't be read."""
        key = (place.path, place.line)
        if key not in self._hashes:
            text = self.text(place.path)
            self._hashes[key] = line_hash(text, place.line) if text else ""
        return self._hashes[key]
