"""Expectations that stand beside the lines of C that they concern, and where a run of gfplint disagrees.

What comes in: the C files of one case folder and the findings of a run; what goes out: sentences, one for
each disagreement. Nothing here knows how gfplint works.

A comment on a line of a case says one of these; anything else after ``/* want`` is an error of the case.

``/* want GFP001: struct foo.lock */``
    Exactly one finding of this rule, with this lock, at the call on this line. ``GFP002`` has no lock, and
    its line is that of the callback's call or of the allocation itself. Behind semicolons:
    ``ways self !retry``: these ways to deadlock apply (don't apply); ``bits __GFP_FS !__GFP_IO``: these bits
    of the mask are surely set (surely clear); ``at name``: the column is that of this word;
    ``confidence medium``: how sure the finding is.
``/* want-taken: struct foo.lock */``
    The lock was taken here. Where several lines say so, each is right (a wrapper, and what is inside it).
``/* want-allocates: struct foo.lock */``
    The first thread of a finding with this lock ends at this line.
``/* want-callback: struct foo.lock */``
    A callback of reclaim waits for the lock here: the second thread of every finding with this lock ends at
    this line, and ``--show-locks`` lists it. No callback in the folder waits for any other lock.

A lock that isn't a field is given by its name alone; a report may add the file to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gfplint.findings import CallbackLocks, Confidence, Finding, Lock, Place

_COMMENT = re.compile(r"/\*\s*(want\b.*?)\s*\*/")
_WANT = re.compile(r"want (?P<rule>GFP\d{3})(?:: (?P<lock>[^;]+?))?(?P<clauses>(?:\s*;[^;]+)*)")
_MARK = re.compile(r"want-(?P<kind>callback|taken|allocates): (?P<lock>[^;]+)")
_LOCK = re.compile(r"(struct \w+(\.\w+)+|\w+)")

SPINNING = frozenset({"spinlock", "raw_spinlock", "rwlock", "seqlock", "rcu", "bit_spinlock"})
"""Kinds of locks whose waiters don't sleep; no expectation is about them."""

WAYS = {"self": "waits for itself", "retry": "retries for ever", "reclaim": "waits for reclaim"}
"""The short names of the ways to deadlock, and what rules/ calls them in a report."""

LEVELS = tuple(level.word for level in Confidence)

_IO = frozenset({"__GFP_DIRECT_RECLAIM", "__GFP_KSWAPD_RECLAIM", "__GFP_WAIT", "__GFP_RECLAIM"})
_USER = _IO | {"__GFP_IO", "__GFP_FS", "__GFP_HARDWALL"}
COMPOUNDS = {
    "__GFP_RECLAIM": _IO,
    "GFP_NOIO": _IO,
    "GFP_NOFS": _IO | {"__GFP_IO"},
    "GFP_KERNEL": _IO | {"__GFP_IO", "__GFP_FS"},
    "GFP_USER": _USER,
    "GFP_HIGHUSER": _USER | {"__GFP_HIGHMEM"},
    "GFP_HIGHUSER_MOVABLE": _USER | {"__GFP_HIGHMEM", "__GFP_MOVABLE"},
}
"""What is in a name with more than one bit, before 4.4 and after: a report may use the short spelling."""


class ExpectationError(Exception):
    """A comment in a case that says ``want`` and can't be understood: file, line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Want:
    """One finding that must be there. ``text`` is the whole line, for columns."""

    rule: str
    lock: str | None
    path: Path
    line: int
    text: str
    ways: tuple[str, ...] = ()
    bits: tuple[str, ...] = ()
    at: str | None = None
    confidence: str | None = None

    def __str__(self) -> str:
        held = f" for {self.lock}" if self.lock else ""
        return f"{self.path.name}:{self.line}: {self.rule}{held}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A line that a finding with this lock names; ``kind`` is ``callback``, ``taken`` or ``allocates``."""

    kind: str
    lock: str
    path: Path
    line: int


@dataclass(frozen=True, slots=True)
class Case:
    """A folder of C files with what its comments expect."""

    folder: Path
    wants: tuple[Want, ...]
    marks: tuple[Mark, ...]

    def marked(self, kind: str, lock: str) -> list[Mark]:
        """The marks of one kind for one lock as a report names it."""
        return [mark for mark in self.marks if mark.kind == kind and same_lock(mark.lock, lock)]


def read_case(folder: Path) -> Case:
    """The case in a folder. Raises :class:`ExpectationError`."""
    wants: list[Want] = []
    marks: list[Mark] = []
    for path in sorted([*folder.rglob("*.c"), *folder.rglob("*.h")]):
        for number, text in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            for comment in _COMMENT.finditer(text):
                parsed = _parse(comment[1], path, number, text)
                if isinstance(parsed, Want):
                    wants.append(parsed)
                else:
                    marks.append(parsed)
    return Case(folder, tuple(wants), tuple(marks))


def _parse(comment: str, path: Path, number: int, text: str) -> Want | Mark:
    where = f"{path}:{number}"
    if mark := _MARK.fullmatch(comment):
        return Mark(mark["kind"], _lock(mark["lock"], where), path, number)
    want = _WANT.fullmatch(comment)
    if want is None:
        raise ExpectationError(f"{where}: the comment {comment!r} isn't understood.")
    lock = _lock(want["lock"], where) if want["lock"] else None
    ways: tuple[str, ...] = ()
    bits: tuple[str, ...] = ()
    at: str | None = None
    confidence: str | None = None
    for clause in filter(None, (part.strip() for part in want["clauses"].split(";"))):
        word, *values = clause.split()
        if word == "ways" and values and all(value.lstrip("!") in WAYS for value in values):
            ways = tuple(values)
        elif word == "bits" and values:
            bits = tuple(values)
        elif word == "confidence" and len(values) == 1 and values[0] in LEVELS:
            confidence = values[0]
        elif word == "at" and len(values) == 1:
            at = values[0]
            if text.find(at) < 0 or text.find(at) > text.find("/* want"):
                raise ExpectationError(f"{where}: there is no {at!r} before the comment.")
        else:
            raise ExpectationError(f"{where}: the clause {clause!r} isn't understood.")
    return Want(want["rule"], lock, path, number, text, ways, bits, at, confidence)


def _lock(name: str, where: str) -> str:
    if not _LOCK.fullmatch(name.strip()):
        raise ExpectationError(f"{where}: {name!r} isn't the name of a lock.")
    return name.strip()


def same_lock(expected: str, reported: str) -> bool:
    """Whether a report's name is that of the expected lock: the same field of the same struct (an index
    into an array of locks doesn't matter), or the same global name, to which a report may add a file."""
    reported = re.sub(r"\[[^\]]*\]", "", reported)
    if expected == reported:
        return True
    if expected.startswith("struct "):
        return False
    return re.search(rf"(?<![\w.>]){re.escape(expected)}(?!\w)", reported) is not None


def disagreements(case: Case, findings: Sequence[Finding], root: Path) -> list[str]:
    """What of the findings inside the case's folder is not as its comments want; empty where all is well.

    ``root`` is what the findings' paths are relative to.
    """
    findings = [finding for finding in findings if _inside(finding.place, root, case.folder)]
    wrong: list[str] = []
    explained: set[int] = set()
    for want in case.wants:
        rule = [(number, finding) for number, finding in enumerate(findings) if finding.rule == want.rule]
        here = [(number, finding) for number, finding in rule if _is_at(finding, want, root)]
        among = [number for number, finding in rule if _is_also_at(finding, want, root)]
        explained.update(number for number, _ in here)
        if not here and among:
            continue
        if len(here) != 1:
            elsewhere = ", ".join(
                _describe(finding) for _, finding in rule if not _is_at(finding, want, root)
            )
            wrong.append(
                f"{want}: {len(here)} findings instead of one; others of this rule: {elsewhere or 'none'}"
            )
        for _, finding in here:
            wrong.extend(f"{want}: {sentence}" for sentence in details(want, finding))
    for number, finding in enumerate(findings):
        if number not in explained:
            wrong.append(f"{_describe(finding)}: not wanted ({finding.message})")
        wrong.extend(f"{_describe(finding)}: {sentence}" for sentence in _lines(case, finding, root))
    return wrong


def lock_disagreements(case: Case, callbacks: Iterable[CallbackLocks], root: Path) -> list[str]:
    """What of ``--show-locks`` is not as the ``want-callback`` comments of a case say."""
    wrong: list[str] = []
    expected = [mark for mark in case.marks if mark.kind == "callback"]
    met: set[Mark] = set()
    for callback in callbacks:
        if not _inside(callback.defined, root, case.folder):
            continue
        for lock, steps in callback.locks:
            if lock.kind in SPINNING:
                continue
            marks = case.marked("callback", lock.name)
            last = steps[-1].place if steps else lock.taken
            met.update(mark for mark in marks if _on_line(last, mark, root))
            if not any(_on_line(last, mark, root) for mark in marks):
                wrong.append(
                    f"{callback.callback}() waits for {lock.name} at {_spell(last)}: not wanted there"
                )
    for mark in expected:
        if mark not in met:
            wrong.append(f"{mark.path.name}:{mark.line}: no callback is said to wait for {mark.lock} here")
    return wrong


def details(want: Want, finding: Finding) -> list[str]:
    """What of a finding's lock, ways, mask and column isn't as wanted."""
    wrong: list[str] = []
    if want.lock is not None:
        if finding.lock is None:
            wrong.append("the finding has no lock")
        elif not same_lock(want.lock, finding.lock.name):
            wrong.append(f"the lock is {finding.lock.name}")
    ways = tuple(way.name for way in finding.ways)
    for way in want.ways:
        short = way.lstrip("!")
        if (short in ways or WAYS[short] in ways) == way.startswith("!"):
            wrong.append(f"way {way} is wanted, the finding has {', '.join(ways) or 'none'}")
    for bit in want.bits:
        mask = finding.mask
        if mask is None:
            wrong.append("the finding has no mask")
        elif bit.startswith("!") and bit[1:] in _bits(mask.flags + mask.undecided):
            wrong.append(f"{bit[1:]} is said to be set or undecided: {_mask(finding)}")
        elif not bit.startswith("!") and bit not in _bits(mask.flags):
            wrong.append(f"{bit} isn't said to be set: {_mask(finding)}")
    if want.confidence not in (None, finding.confidence.word):
        wrong.append(f"the confidence is {finding.confidence.word}")
    wrong.extend(_column(want, finding))
    return wrong


def _bits(names: Iterable[str]) -> set[str]:
    """The single bits behind these names, and the names themselves."""
    return {bit for name in names for bit in (name, *COMPOUNDS.get(name, ()))}


def _column(want: Want, finding: Finding) -> list[str]:
    column = finding.place.column
    if want.at is not None:
        expected = re.search(rf"(?<!\w){re.escape(want.at)}(?!\w)", want.text)
        if expected and finding.place.line == want.line and column != expected.start() + 1:
            return [f"column {column} instead of {expected.start() + 1}"]
    elif finding.place.line == want.line:
        before, after = want.text[: column - 1], want.text[column - 1 :]
        if not re.match(r"[A-Za-z_(*]", after) or re.search(r"\w$", before):
            return [f"column {column} isn't where a call starts"]
    return []


def _lines(case: Case, finding: Finding, root: Path) -> list[str]:
    lock: Lock | None = finding.lock
    if lock is None:
        return []
    wrong: list[str] = []
    ends = {
        "taken": lock.taken,
        "allocates": _end(finding, 0),
        "callback": _end(finding, 1),
    }
    for kind, place in ends.items():
        marks = case.marked(kind, lock.name)
        if marks and not any(_on_line(place, mark, root) for mark in marks):
            wanted = " or ".join(f"{mark.path.name}:{mark.line}" for mark in marks)
            wrong.append(f"{kind} at {_spell(place)}, wanted at {wanted}")
    return wrong


def _end(finding: Finding, thread: int) -> Place | None:
    """The place of the last step of a thread that has one."""
    if thread >= len(finding.threads):
        return None
    places = [step.place for step in finding.threads[thread].steps if step.place is not None]
    return places[-1] if places else None


def _is_at(finding: Finding, want: Want, root: Path) -> bool:
    if _on_line(finding.place, want, root):
        return True
    return want.lock is None and any(
        step.kind == "allocate" and _on_line(step.place, want, root)
        for thread in finding.threads
        for step in thread.steps
    )


def _is_also_at(finding: Finding, want: Want, root: Path) -> bool:
    if want.lock is not None and (finding.lock is None or not same_lock(want.lock, finding.lock.name)):
        return False
    return any(_on_line(place, want, root) for place, _ in finding.also)


def _on_line(place: Place | None, mark: Mark | Want, root: Path) -> bool:
    return place is not None and place.line == mark.line and root / place.path == mark.path


def _inside(place: Place, root: Path, folder: Path) -> bool:
    return (root / place.path).is_relative_to(folder)


def _describe(finding: Finding) -> str:
    lock = f" for {finding.lock.name}" if finding.lock else ""
    return f"{finding.rule} at {_spell(finding.place)}{lock}"


def _spell(place: Place | None) -> str:
    return f"{place.path}:{place.line}:{place.column}" if place else "an unknown place"


def _mask(finding: Finding) -> str:
    mask = finding.mask
    if mask is None:
        return "no mask"
    return f"{mask.written} = {' | '.join(mask.flags)}; undecided {' | '.join(mask.undecided) or 'nothing'}"
