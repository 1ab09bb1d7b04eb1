"""Diffs as people send them: plain, from git, a mail, a mailbox with a series.

unidiff reads the hunks. Here is what lies around them: encodings, prefixes, and whether the tree is the one
that the diff leads to.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gfplint.changes import Changes, FileChange, is_c
from gfplint.changes.compose import NOWHERE, Composed, compose
from gfplint.errors import UsageError

if TYPE_CHECKING:
    from unidiff.patch import PatchedFile

_FARTHEST = 2000
"""How many lines away from its place a hunk is looked for, as ``patch`` does with its offsets."""

_ENCODED = re.compile(rb"^Content-Transfer-Encoding:\s*(?:quoted-printable|base64)\s*$", re.I | re.M)
_MAIL = re.compile(rb"^(?=From \S+ (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )", re.M)


def from_diff(name: str, bases: Sequence[Path]) -> Changes:
    """The changes of a diff file (``-``: standard input) to the files below one of ``bases``: that which has
    most of them. The tree is that behind the diff. Raises :class:`UsageError` with a sentence otherwise.
    """
    what = "the diff on standard input" if name == "-" else f"the diff {name}"
    composed = compose(_read(_bytes(name, what), what))
    composed = {path: state for path, state in composed.items() if is_c(path)}
    found = _located(composed, bases, what)
    files = []
    for path, state in found.items():
        _match(path, state, what)
        files.append((path, FileChange(frozenset(state.added), frozenset(state.removed))))
    return Changes(what, tuple(sorted(files, key=lambda file: str(file[0]))))


def parsed(text: str, what: str) -> dict[str, Composed]:
    """The composed files of a diff's text."""
    return compose(_read(text.encode("utf-8", "surrogateescape"), what))


def _bytes(name: str, what: str) -> bytes:
    try:
        if name == "-":
            if sys.stdin is None:
                raise UsageError(f"{_sentence(what)} can't be read: standard input is closed.")
            return sys.stdin.buffer.read()
        return Path(name).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"--diff must name a file with a diff, and there is no file {name}.") from None
    except OSError as error:
        raise UsageError(f"{_sentence(what)} can't be read: {error.strerror}.") from error


def _read(data: bytes, what: str) -> Sequence[PatchedFile]:
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    text = _decoded(data).replace("\r\n", "\n")
    if re.search(r"^@@@ ", text, re.M):
        raise UsageError(f"{_sentence(what)} is that of a merge (@@@): give one against one parent.")
    try:
        files = PatchSet(text.splitlines(keepends=True))
    except (UnidiffParseError, ValueError, AssertionError) as error:
        reason = " ".join(str(error).split())[:120].rstrip(".")
        raise UsageError(f"{_sentence(what)} can't be read: {reason}.") from error
    if not files and text.strip():
        raise UsageError(f"There is no diff in {what.removeprefix('the diff ').removeprefix('on ')}.")
    for file in files:
        if file.source_file == file.target_file == NOWHERE or not file.target_file:
            raise UsageError(f"{_sentence(what)} names no file for some of its hunks.")
    return files


def _decoded(data: bytes) -> str:
    """The text of a diff, of mails their bodies: those in quoted-printable or base64 are decoded."""
    if _ENCODED.search(data):
        import email

        parts = []
        for mail in _MAIL.split(data):
            message = email.message_from_bytes(mail)
            for part in message.walk():
                body = part.get_payload(decode=True)
                parts.append(body if isinstance(body, bytes) else b"")
        data = b"\n".join(parts)
    return data.decode("utf-8", "surrogateescape")


def _sentence(what: str) -> str:
    return what[0].upper() + what[1:]


def _located(composed: dict[str, Composed], bases: Sequence[Path], what: str) -> dict[Path, Composed]:
    """The files on disk: below the first of `bases` that has the most of them, with the diff's first folder
    (``b/``) taken off or not.
    """
    best: dict[Path, Composed] = {}
    missing = sorted(composed)
    for base in bases:
        for strip in (1, 0):
            found, lost = {}, []
            for name, state in sorted(composed.items()):
                inside = name.split("/", 1)[-1] if strip else name
                path = base / inside
                if path.is_file() and ".." not in Path(inside).parts:
                    found[path] = state
                else:
                    lost.append(inside)
            if len(found) > len(best) or (not best and strip and base == bases[0]):
                best, missing = found, lost
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UsageError(
            f"{_sentence(what)} leads to {missing[0]}{more}, which isn't below {bases[0]}: apply the diff "
            "first (git am, git apply), in the tree that is checked."
        )
    return best


def _match(path: Path, state: Composed, what: str) -> None:
    """See that a file reads as the diff says, and move the changes where it does so at other lines.

    Raises :class:`UsageError` where it doesn't: the diff isn't applied, or was made for another tree.
    """
    try:
        lines = path.read_bytes().decode("utf-8", "surrogateescape").split("\n")
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.") from error
    lines = [line.rstrip() for line in lines]
    added: set[int] = set()
    removed: set[int] = set()
    shift: int | None = 0
    for run in _runs(state.expected):
        wanted = [state.expected[number].rstrip() for number in run]
        shift = _offset(lines, run.start, wanted, shift or 0)
        if shift is None:
            wrong = next(
                (
                    number
                    for number, text in zip(run, wanted, strict=True)
                    if lines[number - 1 : number] != [text]
                ),
                run.start,
            )
            raise UsageError(
                f"{path} isn't what {what} leads to (line {wrong} differs): apply the diff first (git am, "
                "git apply), in the tree that it was made for."
            )
        around = range(run.start, run.stop + 1)
        added |= {number + shift for number in state.added if number in run}
        removed |= {number + shift for number in state.removed if number in around}
    if state.expected:
        state.added, state.removed = added, removed


def _runs(expected: dict[int, str]) -> list[range]:
    """Stretches of lines that follow one another."""
    runs: list[range] = []
    for number in sorted(expected):
        if runs and runs[-1].stop == number:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return runs


def _offset(lines: list[str], start: int, wanted: list[str], near: int) -> int | None:
    """How far from ``start`` the wanted lines stand, the smallest difference from ``near`` first."""
    for distance in range(_FARTHEST):
        for shift in (near + distance, near - distance):
            at = start - 1 + shift
            if at >= 0 and lines[at : at + len(wanted)] == wanted:
                return shift
    return None
