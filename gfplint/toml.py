"""TOML files read strictly: every complaint names the file, the line and the nearest known word.

What comes in: a path. What goes out: :class:`Table`, a view of one TOML table that knows where it stands.
tomllib keeps no positions, so a table's line is found again in the text, and only when somebody asks for it.

Errors: :class:`gfplint.errors.ModelError`, or the class that the reader asked for.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from gfplint.errors import GfplintError, ModelError

Version: TypeAlias = tuple[int, int, int]


class _File:
    """A TOML file's path and text, shared by its tables."""

    __slots__ = ("_headers", "error", "path", "text")

    def __init__(self, path: Path, text: str, error: type[GfplintError]) -> None:
        self.path = path
        self.text = text
        self.error = error
        self._headers: dict[str, list[int]] = {}

    def headers(self, name: str) -> list[int]:
        """The offsets of all ``[[name]]`` and ``[name]``, or with ``""`` those of every header, in order."""
        if name not in self._headers:
            word = re.escape(name) if name else r"[\w.-]+"
            found = re.finditer(rf"^[ \t]*\[\[?[ \t]*{word}[ \t]*\]", self.text, re.M)
            self._headers[name] = [match.start() for match in found]
        return self._headers[name]

    def span(self, name: str, number: int) -> tuple[int, int]:
        """Where the ``number``-th ``[[name]]`` starts and ends; the part before all headers for ``""``."""
        every = self.headers("")
        own = self.headers(name) if name else []
        start = own[number] if number < len(own) else 0
        after = bisect.bisect_right(every, start) if name else 0
        return start, every[after] if after < len(every) else len(self.text)


class Table:
    """One table of a TOML file, read through checks."""

    __slots__ = ("_data", "_file", "_name", "_number", "_within")

    def __init__(
        self, file: _File, data: dict[str, Any], name: str = "", number: int = 0, within: str = ""
    ) -> None:
        self._file = file
        self._data = data
        self._name = name
        self._number = number
        self._within = within

    @property
    def path(self) -> Path:
        """The file that the table is in."""
        return self._file.path

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    # ------------------------------------------------------------------------------- positions

    def line_of(self, word: str = "") -> int:
        """The line (from 1) on which ``word`` first stands in this table, else the table's own first."""
        text = self._file.text
        start, end = self._file.span(self._name, self._number)
        if word not in text[start:end] and not (self._name and self._file.headers(self._name)):
            start, end = 0, len(text)  # a key of the whole file, such as an unknown table
        key = re.compile(rf"^[ \t]*(?:[\w.]+\.)?[\"']?{re.escape(word)}[\"']?[ \t]*=", re.M) if word else None
        if key is not None and (own := key.search(text, start, end)):
            return text.count("\n", 0, own.start()) + 1
        found = text.find(word, start, end) if word else -1
        while found >= 0:
            around = text[found - 1 : found] + text[found + len(word) : found + len(word) + 1]
            if not any(letter == "_" or letter.isalnum() for letter in around):
                return text.count("\n", 0, found) + 1
            found = text.find(word, found + 1, end)
        return text.count("\n", 0, start) + 1

    def place(self, word: str = "") -> str:
        """``file:line`` of ``word`` in this table, for a message."""
        return f"{self._file.path}:{self.line_of(word or self._within)}"

    def fail(self, what: str, word: str = "") -> NoReturn:
        """Raise the error that says ``what`` about this table."""
        raise self._file.error(f"{self.place(word)}: {what}.")

    def unknown(self, what: str, word: str, known: Iterable[str]) -> NoReturn:
        """Raise for a ``word`` that isn't among the ``known``, with the nearest of them."""
        self.wrong(f"unknown {what} {word!r}", word, known)

    def wrong(self, sentence: str, word: str, known: Iterable[str]) -> NoReturn:
        """Raise the sentence about a ``word`` that isn't among the ``known``, with the nearest of them."""
        import difflib

        known = list(known)
        near = difflib.get_close_matches(word, known, 1, 0.5)
        if near:
            hint = f"did you mean {near[0]!r}?"
        else:
            hint = f"known are {', '.join(known)}." if known else "there is none."
        raise self._file.error(f"{self.place(word)}: {sentence}; {hint}")

    # ---------------------------------------------------------------------------------- values

    def only(self, *known: str) -> None:
        """Raise for a key that isn't among ``known``."""
        for key in self._data:
            if key not in known:
                self.unknown("key", key, known)

    def _typed(self, key: str, kind: type, words: str) -> Any:
        if key not in self._data:
            self.fail(f"the field {key!r} is missing")
        value = self._data[key]
        if not isinstance(value, kind):
            self.fail(f"{key!r} must be {words}", key)
        return value

    def text(self, key: str, *, default: str | None = None) -> str:
        """The string under ``key``; ``default`` where it is absent, an error without one."""
        if default is not None and key not in self._data:
            return default
        return str(self._typed(key, str, "a string"))

    def flag(self, key: str, *, required: bool = False) -> bool:
        """The boolean under ``key``, False where it is absent."""
        if not required and key not in self._data:
            return False
        return bool(self._typed(key, bool, "true or false"))

    def texts(self, key: str) -> tuple[str, ...]:
        """The strings under ``key``: a list of them, a single one, or none."""
        if key not in self._data:
            return ()
        value = self._data[key]
        items = value if isinstance(value, list) else [value]
        for item in items:
            if not isinstance(item, str):
                self.fail(f"{key!r} must be a string or a list of strings", key)
        return tuple(items)

    def numbers(self, key: str) -> tuple[int, ...]:
        """The whole numbers in the list under ``key``, empty where it is absent."""
        value = self._data.get(key, [])
        if not isinstance(value, list) or not all(type(item) is int for item in value):
            self.fail(f"{key!r} must be a list of whole numbers", key)
        return tuple(value)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """The (name, string) pairs of the table under ``key``, in order; empty where it is absent."""
        value = self._data.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            self.fail(f"{key!r} must be a table of strings", key)
        return tuple(value.items())

    def tables(self, key: str) -> Iterator[Table]:
        """The tables ``[[key]]``, in order."""
        for number, data in enumerate(self._list(key)):
            yield Table(self._file, data, key, number)

    def parts(self, key: str, *, scalar: str | None = None) -> Iterator[Table]:
        """The inline tables under ``key``: one or a list. With ``scalar``, a string stands for ``{scalar =
        …}``.
        """
        for item in self._list(key, scalar):
            yield Table(self._file, item, self._name, self._number, key)

    def _list(self, key: str, scalar: str | None = None) -> list[dict[str, Any]]:
        value = self._data.get(key, [])
        items = value if isinstance(value, list) else [value]
        plain = [{scalar: item} if scalar is not None and isinstance(item, str) else item for item in items]
        for item in plain:
            if not isinstance(item, dict):
                self.fail(f"{key!r} must be a table or a list of tables", key)
        return plain

    def within(self, *names: str) -> Table | None:
        """The table ``[a.b]`` for the names ``a`` and ``b``, or None where there is none."""
        data: Any = self._data
        for name in names:
            if not isinstance(data, dict):
                self.fail(f"{'.'.join(names)!r} must be a table", names[0])
            if name not in data:
                return None
            data = data[name]
        if not isinstance(data, dict):
            self.fail(f"{'.'.join(names)!r} must be a table", names[-1])
        return Table(self._file, data, ".".join(names))

    # -------------------------------------------------------------------------------- versions

    def version(self, key: str) -> Version | None:
        """The kernel version under ``key`` (``"5.18"``, ``"4.9.1"``), None where it is absent."""
        if key not in self._data:
            return None
        text = self.text(key)
        match = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
        if match is None:
            self.fail(f'{key!r} must be a kernel version such as "5.18", not {text!r}', key)
        return int(match[1]), int(match[2]), int(match[3] or 0)

    def applies(self, version: Version | None) -> bool:
        """Whether ``since`` (inclusive) and ``until`` (exclusive) admit the kernel ``version``; None is the
        newest.
        """
        if "since" not in self._data and "until" not in self._data:
            return True
        return in_range(version, self.version("since"), self.version("until"))


def in_range(version: Version | None, since: Version | None, until: Version | None) -> bool:
    """Whether ``since <= version < until``; a bound of None is none, a version of None the newest."""
    if version is None:
        return until is None
    return (since is None or version >= since) and (until is None or version < until)


def read_toml(path: Path, error: type[GfplintError] = ModelError) -> Table:
    """Read the file at ``path``. Raises ``error`` where it can't be read, and for its tables."""
    try:
        if path.exists() and not path.is_file():  # reading a pipe may never end
            raise error(f"{path}: the file can't be read: it is no regular file.")
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise error(f"{path}: the file can't be read: {problem.strerror}.") from problem
    except UnicodeDecodeError as problem:
        raise error(
            f"{path}: the file can't be read: it isn't UTF-8 ({problem.reason} at byte {problem.start})."
        ) from problem
    try:
        return Table(_File(path, text, error), tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise error(f"{path}: not TOML: {problem}.") from problem
    except RecursionError:
        raise error(f"{path}: not TOML: its values are nested too deeply.") from None
