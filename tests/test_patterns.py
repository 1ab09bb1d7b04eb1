"""Regular expressions mean the same to every Python that pyproject.toml allows."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).parent.parent
_POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\d*,?\d*\})\+")


def _strings(path: Path) -> list[tuple[int, str]]:
    with path.open("rb") as file:
        return [
            (token.start[0], token.string)
            for token in tokenize.tokenize(file.readline)
            if token.type == tokenize.STRING
        ]


def test_no_group_is_repeated_possessively() -> None:
    """Before 3.11.5 ``(?:ab?c)*+`` matches what ``(?:ab?c)*`` doesn't (CPython's issues 100061 and 106052),
    and Debian 12 has 3.11.2. ``(?>(?:ab?c)*)`` is right everywhere.
    """
    files = [*(ROOT / "gfplint").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in files
        for line, text in _strings(path)
        if _POSSESSIVE_GROUP.search(text)
    ]
    assert len(files) > 100
    assert not found, f"write (?>(?:…)*) instead of (?:…)*+ in {', '.join(found)}"


def test_what_is_looked_for_is_found() -> None:
    assert _POSSESSIVE_GROUP.search(r"(?:ab?c)*+")
    assert _POSSESSIVE_GROUP.search(r"(?:ab?c){1,3}+")
    assert not _POSSESSIVE_GROUP.search(r"\)*+(?:a)+")
