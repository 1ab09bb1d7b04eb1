"""Which findings a change touches, and which files have to be analysed to see them all.

A finding is touched where one of its threads passes through changed code:

- a step of it, its lock, or another place of the same problem stands on a changed line;
- a line was added in a function on the way, above the thread's last step there;
- something was taken out of a function on the way, wherever in it;
- a function on the way uses a function or macro whose definition changed (and that no API model describes);
- a changed line outside of functions (a table of operations, a notifier block) names a function on the way.

Comments and empty lines are no changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from gfplint.changes import Changes, FileChange
from gfplint.errors import SourceError
from gfplint.findings import Finding, Note, Place, Thread
from gfplint.frontend.source import Item, ItemKind, SourceFile
from gfplint.program.program import Program

ROUNDS = 4
"""How many calls a finding's file may be away from a changed function."""
MENTIONS = 100
"""A changed name that more files mention is not followed."""
FILES = 400
"""Files that are analysed because of a change elsewhere."""

_WORD = re.compile(rb"[A-Za-z_]\w*")
_BODIES = (ItemKind.FUNCTION, ItemKind.MACRO, ItemKind.GUARD)


class Touched:
    """The changes, as questions of one program's analysis."""

    def __init__(self, program: Program, changes: Changes) -> None:
        self._program = program
        self._changes: dict[str, FileChange] = {}
        """By the tree's name of the file; the lines are those that hold code."""
        self._definitions: dict[tuple[str, str], bool] = {}
        """Changed functions and macros by path and name: whether only their own file sees them."""
        self._loose: set[bytes] = set()
        self._paths: dict[str, str] = {}
        """The tree's name of a file by the name that reports show."""
        self.notes: list[Note] = []
        self._what = changes.what
        for path, change in changes.files:
            self._add(path, change)
        self._names = {name.encode() for _, name in self._definitions}

    def _add(self, path: Path, change: FileChange) -> None:
        tree = self._program.tree
        try:
            name = tree.relative(path)
        except SourceError:  # a file of the repository beside the kernel
            return
        file = self._program.source(name)
        if file is None:
            return
        lines = _code_lines(file)
        added = frozenset(line for line in change.added if line in lines)
        self._changes[name] = FileChange(added, change.removed)
        self._paths[tree.shown(name)] = name
        inside: set[int] = set()
        for item in file.items:
            if item.kind not in _BODIES:
                continue
            first, last = _lines_of(file, item)
            mine = {line for line in added if first <= line <= last}
            inside |= mine
            if mine or any(first < line <= last for line in change.removed):
                own = name.endswith(".c") and (item.static or item.kind is not ItemKind.FUNCTION)
                if self._program.models.get(item.name) is None:
                    self._definitions[name, item.name] = own
        for line in added - inside:
            self._loose.update(_WORD.findall(lines[line]))

    @property
    def anything(self) -> bool:
        """Whether any code of the tree changed at all."""
        return any(change.added or change.removed for change in self._changes.values())

    # -------------------------------------------------------------------------------- files

    def files(self) -> list[str]:
        """The files that may have a finding because of the change: the changed ones, and those with functions
        that call into what changed, over up to :data:`ROUNDS` calls. What isn't followed is noted.
        """
        every = set(self._program.tree.c_files(""))
        found = {path for path in self._changes if path in every}
        pending = dict(self._definitions)
        seen = set(pending)
        for _ in range(ROUNDS):
            where = self._users(pending)
            pending = {}
            for path in sorted(where):
                if path.endswith(".c") and path not in found:
                    if len(found) >= FILES:
                        self._note(f"{self._what} concerns more than {FILES} files; the others are left out.")
                        return sorted(found)
                    if path not in every:
                        continue
                    found.add(path)
                for item in self._mentioning(path, where[path]):
                    key = (path, item.name)
                    if key not in seen and self._program.models.get(item.name) is None:
                        seen.add(key)
                        pending[key] = path.endswith(".c") and item.static
            if not pending:
                break
        return sorted(found)

    def files_with(self, word: str) -> list[str]:
        """The ``.c`` files that mention a lock which a touched callback waits for."""
        every = set(self._program.tree.c_files(""))
        paths = [path for path in self._program.tree.index.mentions([word])[word] if path in every]
        if len(paths) <= MENTIONS:
            return paths
        self._note(f"{word} is mentioned by {len(paths)} files; only those of {self._what} were looked at.")
        return []

    def _users(self, names: dict[tuple[str, str], bool]) -> dict[str, set[bytes]]:
        """For each file the names of `names` that it may mean when it mentions them."""
        where: dict[str, set[bytes]] = {}
        everywhere = sorted({name for (_, name), own in names.items() if not own})
        mentions = self._program.tree.index.mentions(everywhere) if everywhere else {}
        for (path, name), own in sorted(names.items()):
            paths: Iterable[str] = (path,) if own else mentions[name]
            if not own and len(mentions[name]) > MENTIONS:
                self._note(f"{name}() is mentioned by {len(mentions[name])} files; they were not looked at.")
                paths = (path,)
            for each in paths:
                where.setdefault(each, set()).add(name.encode())
        return where

    def _mentioning(self, path: str, names: set[bytes]) -> list[Item]:
        """The functions and macros of a file whose text has one of the names, their own apart."""
        file = self._program.source(path)
        items = []
        for item in file.items if file else ():
            if item.kind in _BODIES:
                words = set(_WORD.findall(file.text, item.start, item.end)) if file else set()
                if words & (names - {item.name.encode()}):
                    items.append(item)
        return items

    def _note(self, text: str) -> None:
        self.notes.append(Note("budget", "", 0, text[0].upper() + text[1:]))

    # ----------------------------------------------------------------------------- findings

    def finding(self, finding: Finding) -> bool:
        """Whether the change touches it; see above."""
        places = [finding.place, *(place for place, _ in finding.also)]
        if finding.lock is not None:
            places.append(finding.lock.taken)
        return any(map(self._on_line, places)) or any(map(self.thread, finding.threads))

    def thread(self, thread: Thread) -> bool:
        """Whether the change touches one side of a finding."""
        ends: dict[tuple[str, str], int] = {}
        for step in thread.steps:
            if step.place is None:
                continue
            if self._on_line(step.place):
                return True
            key = (self._paths.get(step.place.path, step.place.path), step.function)
            ends[key] = max(ends.get(key, 0), step.place.line)
        return any(self._way(path, function, end) for (path, function), end in ends.items())

    def _on_line(self, place: Place) -> bool:
        change = self._changes.get(self._paths.get(place.path, ""))
        return change is not None and place.line in change.added

    def _way(self, path: str, function: str, end: int) -> bool:
        """Whether the change touches a function that a thread passes, ``end`` being its last line there."""
        if function.encode() in self._loose:
            return True
        change = self._changes.get(path)
        if change is None and not self._names:
            return False
        file = self._program.source(path)
        for item in file.find(function, ItemKind.FUNCTION) if file else ():
            assert file is not None
            first, last = _lines_of(file, item)
            if not first <= end <= last:
                continue
            if change is not None and (
                any(first <= line <= end for line in change.added)
                or any(first < line <= last for line in change.removed)
            ):
                return True
            stop = file.data.find(b"\n", item.start)
            for _ in range(end - first):
                stop = file.data.find(b"\n", stop + 1)
            words = set(_WORD.findall(file.text, item.start, stop if stop >= 0 else item.end))
            if (words & self._names) - {function.encode()} and self._means(path, words):
                return True
        return False

    def _means(self, path: str, words: set[bytes]) -> bool:
        """Whether one of these words, in this file, can be one of the changed definitions."""
        return any(
            name.encode() in words and (not own or where == path)
            for (where, name), own in self._definitions.items()
        )


def _lines_of(file: SourceFile, item: Item) -> tuple[int, int]:
    return file.position(item.start)[0], file.position(max(item.end - 1, item.start))[0]


def _code_lines(file: SourceFile) -> dict[int, bytes]:
    """The lines that hold more than comments, by number. Directives count: they choose what is built."""
    lines: dict[int, bytes] = {}
    pairs = zip(file.text.split(b"\n"), file.data.split(b"\n"), strict=False)
    for number, (text, raw) in enumerate(pairs, 1):
        if text.strip() or raw.lstrip().startswith(b"#"):
            lines[number] = text
    return lines
