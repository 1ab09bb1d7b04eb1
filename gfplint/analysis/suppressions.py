"""Findings that a comment in the sources allows, and comments that allow nothing.

``/* gfplint: allow GFP001: reason */`` counts for a finding where it covers a place of the finding's first
thread: the call under the lock, the acquisition, the allocation, a call between. `gfplint.frontend.comments`
says which lines a comment covers. What is wrong with a comment becomes a `Note`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gfplint.errors import GfplintError
from gfplint.findings import Confidence, Finding, Note, Place, Suppression
from gfplint.frontend.comments import MARK, Directive, directives
from gfplint.program.program import Program
from gfplint.rules import Rules

_KINDS = frozenset({"enter", "acquire", "call", "allocate", "reclaim", "callback"})
"""Steps on the way of the thread itself; where a callback was registered is somebody else's business."""

_MANY = 400
"""Files from which on they are searched before they are read one by one."""


WORD = MARK.decode().rstrip(":")
"""What all comments for gfplint have."""


@dataclass(slots=True)
class _Allowed:
    """One rule of one comment that is as it must be."""

    directive: Directive
    rule: str
    used: bool = False


class Suppressions:
    """The comments for gfplint of a run's files, read when a place in their file is asked about."""

    def __init__(self, program: Program, rules: Rules) -> None:
        self._program = program
        self._ids = {rule.id.casefold(): rule.id for rule in rules}
        self._ids |= {rule.name.casefold(): rule.id for rule in rules}
        self._known: dict[str, list[_Allowed]] = {}
        self._wrong: dict[str, list[Note]] = {}

    def apply(self, finding: Finding) -> Finding:
        """The finding, with the comment that allows it, if one does. All that do count as used."""
        found: list[Suppression] = []
        for place in _places(finding):
            for allowed in self._of(self._program.tree.hidden(place.path)):
                directive = allowed.directive
                if allowed.rule == finding.rule and directive.first <= place.line <= directive.last:
                    allowed.used = True
                    at = Place(place.path, directive.line, directive.column)
                    found.append(Suppression(at, directive.reason))
        return replace(finding, suppression=found[0]) if found else finding

    def notes(self, files: Iterable[str], applied: Iterable[str], lowest: Confidence) -> list[Note]:
        """What is wrong with the comments in these files: not honoured, or, of the rules applied, unused.

        Where findings of medium confidence weren't looked for, nothing is known to be unused.
        """
        ran = set(applied) if lowest < Confidence.HIGH else set()
        found: list[Note] = []
        for path in self._marked(list(files)):
            allowed = self._of(path)
            found += self._wrong.get(path, ())
            unused: dict[Directive, list[str]] = {}
            for each in allowed:
                if not each.used and each.rule in ran:
                    unused.setdefault(each.directive, []).append(each.rule)
            for directive, rules in unused.items():
                where = "" if directive.first <= directive.last else ", and it stands beside no code"
                text = f"No finding of this run needs this comment to allow {' and '.join(rules)}{where}."
                found.append(Note("unused-suppression", path, directive.line, text))
        return [replace(note, path=self._program.tree.shown(note.path)) for note in found]

    def _marked(self, files: list[str]) -> Iterable[str]:
        """Those of the files that may have comments for gfplint; of many, the index knows."""
        tree = self._program.tree
        if len(files) <= _MANY:
            return files
        marked = frozenset(tree.index.mentions([WORD])[WORD])
        return [path for path in files if path in marked or path not in tree.index]

    def _of(self, path: str) -> list[_Allowed]:
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._read(path)
        return known

    def _read(self, path: str) -> list[_Allowed]:
        try:
            if MARK not in self._program.tree.read(path):
                return []
        except GfplintError:
            return []  # the analysis says so where it matters
        file = self._program.source(path)
        found: list[_Allowed] = []
        for directive in directives(file) if file is not None else ():
            rules, complaint = self._judge(directive)
            if complaint:
                note = Note("suppression", path, directive.line, complaint)
                self._wrong.setdefault(path, []).append(note)
            found += [_Allowed(directive, rule) for rule in rules]
        return found

    def _judge(self, directive: Directive) -> tuple[list[str], str]:
        """The rules that the comment allows, and what is wrong with it ("" for nothing)."""
        form = "Write 'gfplint: allow RULE: reason'."
        if directive.verb != "allow":
            return [], f"'gfplint: {directive.verb}' means nothing. {form}"
        if not directive.rules:
            return [], f"This comment names no rule to allow, so it allows nothing. {form}"
        if not any(letter.isalnum() for letter in directive.reason):
            return [], f"This comment gives no reason, so it allows nothing. {form}"
        known: list[str] = []
        complaints: list[str] = []
        for word in directive.rules:
            rule = self._ids.get(word.casefold())
            if rule is not None:
                known += [rule] if rule not in known else []
                continue
            near = difflib.get_close_matches(word.casefold(), self._ids, 1, 0.5)
            hint = f" Did you mean {self._ids[near[0]]}?" if near else ""
            complaints.append(f"There is no rule {word} to allow.{hint}")
        return known, " ".join(complaints)


def _places(finding: Finding) -> Iterable[Place]:
    """Where a comment that allows the finding may stand, the most telling place first."""
    yield finding.place
    if finding.lock is not None:
        yield finding.lock.taken
    for thread in finding.threads[:1]:
        for step in thread.steps:
            if step.place is not None and step.kind in _KINDS:
                yield step.place
