"""Findings and answers in the protocol's words: diagnostics and hovers. Nothing is decided here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path

from gfplint.answers import Answer, LockAnswer, MaskAnswer
from gfplint.findings import CallbackLocks, Confidence, Finding, Note, Place, Report, Step, Thread
from gfplint.lsp.positions import Text

SOURCE = "gfplint"
_SEVERITIES = {
    Confidence.HIGH: types.DiagnosticSeverity.Error,
    Confidence.MEDIUM: types.DiagnosticSeverity.Warning,
    Confidence.LOW: types.DiagnosticSeverity.Information,
}
_ABOUT_COMMENTS = ("suppression", "unused-suppression")
"""Kinds of notes that are about what stands in the file, and so shown there."""
_WORD = re.compile(r"\w+")
_MANY = 8
"""Callbacks, and flags, that a hover names one by one."""


class Diagnostics:
    """Turns a report's places into the protocol's. ``documents`` are addresses of open files by real path;
    ``related``: the editor shows related places, else they are told in the message.
    """

    def __init__(
        self, report: Report, documents: Mapping[Path, str], encoding: str, *, related: bool = True
    ) -> None:
        self._report = report
        self._documents = documents
        self._encoding = encoding
        self._related = related
        self._root = Path(report.root or ".")
        self._texts: dict[str, Text] = {}
        self._paths: dict[str, Path] = {}

    def by_path(self) -> dict[Path, list[types.Diagnostic]]:
        """What to show in each file, by real path: the findings that call for action, and comments for
        gfplint that are wrong.
        """
        found: dict[Path, list[types.Diagnostic]] = {}
        for finding in self._report.active:
            found.setdefault(self._path(finding.place.path), []).append(self.finding(finding))
        for note in self._report.notes:
            if note.kind in _ABOUT_COMMENTS and note.line:
                found.setdefault(self._path(note.path), []).append(self._note(note))
        return found

    def uri(self, path: Path) -> str:
        """The address of a file: the one that the editor itself uses, where the file is open."""
        return self._documents.get(path) or from_fs_path(str(path)) or ""

    # ------------------------------------------------------------------------------ findings

    def finding(self, finding: Finding) -> types.Diagnostic:
        """One finding: at the call made under the lock, with the steps of both threads."""
        message = finding.message
        if finding.mask is not None:
            message += f"\nmask: {finding.mask.written} -> {finding.mask.words}"
        message += "".join(f"\n{way.name}: {way.why}" for way in finding.ways)
        steps = [each for number, thread in enumerate(finding.threads, 1) for each in _told(thread, number)]
        steps += [(place, text) for place, text in finding.also]
        if not self._related:
            message += "".join(f"\n{place.path}:{place.line}: {text}" for place, text in steps)
        return types.Diagnostic(
            range=self._range(finding.place),
            message=message,
            severity=_SEVERITIES[finding.confidence],
            code=finding.rule,
            source=SOURCE,
            related_information=[
                types.DiagnosticRelatedInformation(self._location(place), text) for place, text in steps
            ]
            if self._related
            else None,
            data=_data(finding),
        )

    def _note(self, note: Note) -> types.Diagnostic:
        text = self._text(note.path)
        line = text.line(note.line)
        indent = len(line) - len(line.lstrip())
        return types.Diagnostic(
            range=types.Range(
                text.position(note.line, indent + 1), text.position(note.line, len(line.rstrip()) + 1)
            ),
            message=note.text,
            severity=types.DiagnosticSeverity.Warning,
            code=note.kind,
            source=SOURCE,
        )

    # -------------------------------------------------------------------------------- places

    def _location(self, place: Place) -> types.Location:
        return types.Location(self.uri(self._path(place.path)), self._range(place))

    def _range(self, place: Place) -> types.Range:
        """What is meant; where only its start is known, the word that starts there."""
        text = self._text(place.path)
        end = place.end_column
        if not end:
            word = _WORD.match(text.line(place.line), place.column - 1)
            end = word.end() + 1 if word is not None else place.column
        return types.Range(text.position(place.line, place.column), text.position(place.line, end))

    def _path(self, path: str) -> Path:
        if path not in self._paths:
            self._paths[path] = (self._root / path).resolve()
        return self._paths[path]

    def _text(self, path: str) -> Text:
        if path not in self._texts:
            try:
                data = self._path(path).read_bytes()
            except OSError:  # it went away meanwhile
                data = b""
            self._texts[path] = Text.of(data, self._encoding)
        return self._texts[path]


def _told(thread: Thread, number: int) -> Iterable[tuple[Place, str]]:
    """The steps of a thread that have a place, in words; steps of the kernel's core that have none are named
    in front of the next one.
    """
    title = thread.title if thread.title.startswith("thread ") else f"thread {number}: {thread.title}"
    who = title.partition(":")[0]
    first = True
    before: list[str] = []
    for step in thread.steps:
        if step.place is None:
            before.append(f"{step.function}()")
            continue
        way = "".join(f"{name} -> " for name in before)
        before = []
        yield step.place, f"{title if first else who}: {way}{_words(step)}"
        first = False
    last = [step for step in thread.steps if step.place is not None]
    if before and last and last[-1].place is not None:
        step = thread.steps[-1]
        yield last[-1].place, f"{who}: {_words(step)}"


def _words(step: Step) -> str:
    return f"{step.function}(): {step.text}"


def _data(finding: Finding) -> dict[str, object]:
    """What a tool behind the editor may want, as JSON; the names are those of gfplint's own nouns."""
    return {
        "rule": finding.rule,
        "fingerprint": finding.fingerprint,
        "confidence": finding.confidence.word,
        "function": finding.function,
        "lock": finding.lock.name if finding.lock is not None else None,
        "mask": finding.mask.written if finding.mask is not None else None,
        "facts": list(finding.facts),
        "fixes": list(finding.fixes),
    }


# ---------------------------------------------------------------------------------------- hovers


def hover(answer: Answer, link: Callable[[Place], str] | None) -> str:
    """An answer as Markdown, or, without ``link`` (a place's address), as plain text."""
    parts = [_lock(lock, link) for lock in answer.locks]
    parts += [_mask(mask, link is not None) for mask in answer.masks]
    return "\n\n".join(parts)


def _lock(lock: LockAnswer, link: Callable[[Place], str] | None) -> str:
    lines = [f"{_code(lock.name, link is not None)} ({lock.kind})"]
    if lock.waiters:
        count = len(lock.waiters)
        lines.append(
            f"Reclaim may wait for it, in {'a callback' if count == 1 else f'{count} callbacks'}. "
            "An allocation with direct reclaim made while it is held can deadlock."
        )
        lines += [_waiter(each, link) for each in lock.waiters[:_MANY]]
        if count > _MANY:
            lines.append(f"- and {count - _MANY} more")
    elif lock.sleeps:
        lines.append("No callback of reclaim is known to wait for it.")
    else:
        lines.append("It doesn't sleep: nothing that may reclaim is allowed under it.")
    head, rest = lines[:2], lines[2:]
    return "\n\n".join(head) + ("\n\n" + "\n".join(rest) if rest else "")


def _waiter(waiter: CallbackLocks, link: Callable[[Place], str] | None) -> str:
    """One callback with its way to the lock."""
    way = []
    for lock, steps in waiter.locks:
        way = [_place(f"{step.function}()", step.place, link) for step in steps]
        if lock.kind.endswith("for reading"):
            way.append("for reading")
    return f"- {waiter.context} {_place(f'{waiter.callback}()', waiter.defined, link)}: {' → '.join(way)}"


def _place(name: str, place: Place | None, link: Callable[[Place], str] | None) -> str:
    if place is None:
        return name
    if link is None:
        return f"{name} at {place.path}:{place.line}"
    return f"[`{name}`]({link(place)})"


def _mask(answer: MaskAnswer, markdown: bool) -> str:
    mask = answer.mask
    bits = answer.value or 0
    single = answer.value is not None and bits & (bits - 1) == 0 and mask.written.startswith("__")
    head = _code(mask.written or " | ".join(mask.flags), markdown)
    if answer.function:
        head += f" in {_code(f'{answer.function}()', markdown)}"
    lines = [head if single else f"{head}: **{mask.words}**" if markdown else f"{head}: {mask.words}"]
    spelled = " | ".join(mask.flags)
    if spelled != mask.written and not single:
        value = f" = {answer.value:#x}" if answer.value is not None else ""
        lines.append(f"Set: {_code(spelled, markdown)}{value}")
    if mask.undecided:
        few = len(mask.undecided) <= _MANY and mask.undecided != ("all",)
        lines.append(f"Undecided: {_code(', '.join(mask.undecided), markdown) if few else 'most flags'}")
    if answer.parameters:
        names = " and ".join(_code(name, markdown) for name in answer.parameters)
        lines.append(f"It depends on what callers pass as {names}.")
    if answer.scopes:
        lines.append(f"Inside a scope that narrows it: {', '.join(answer.scopes)}.")
    meanings = [f"- {_code(name, markdown)}: {text}" for name, text in answer.meanings]
    return "\n\n".join(lines) + ("\n\n" + "\n".join(meanings) if meanings else "")


def _code(text: str, markdown: bool) -> str:
    """Words from the sources, as they are: nothing in them is Markdown."""
    if not markdown:
        return text
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}"
