"""Where some locks are taken, by words: what :mod:`gfplint.analysis.ways_back` begins with.

In: classes of locks. Out: the words to search the tree for, and the files with what takes one of the locks:
those with its name that can know its struct, and those that call what takes it without naming it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gfplint.analysis.summary import LockClass
from gfplint.analysis.words import CALLED
from gfplint.kernel import scan
from gfplint.kernel.words import any_of
from gfplint.program.program import Program

_COMMON = 60
"""Files that mention a word beyond which those that can't know the lock's struct are left out."""
_MOST_KNOWING = 1000
"""Files that know a struct before the search is given up."""
_TELLING = 5
"""Letters of a header's name from which on it is looked for before it is known to matter: ``fs`` is in most
files.
"""
_INCLUDED = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]', re.M)

Name = tuple[str, str]
"""A name and the file that alone can mean it, "" where all can; a field has a dot before it."""

Place = tuple[Name, Iterable[str]]
"""A name and the files in which to look for it."""


class TooManyError(Exception):
    """The ways back are too many."""


class LockPlaces:
    """Asks for some locks. All methods raise :class:`TooManyError`."""

    def __init__(self, program: Program, locks: Sequence[LockClass]) -> None:
        self._program = program
        self._index = program.tree.index
        self._locks = locks
        self._including: set[str] = set()
        self._words: dict[LockClass, set[str]] = {lock: {lock.word} if lock.word else set() for lock in locks}
        """What is mentioned where a lock is taken: its word, or what takes it without naming it."""
        for name, effect in program.models.acquisitions():
            for lock in locks:
                if effect.lock_class == lock.name or (effect.word and effect.word == lock.word):
                    self._words[lock].add(name)
        if not all(self._words.values()):
            raise TooManyError

    def words(self) -> set[str]:
        """What to search for. A lock that only one file knows is no question to the others."""
        found = {lock.tag for lock in self._locks if lock.tag}
        for lock in self._locks:
            found |= self._words[lock] - {lock.word} if lock.home else self._words[lock]
        return found

    def headers(self) -> set[str]:
        """What a further search begins with where a lock's word is common: the headers with the structs."""
        stems = _stems(
            site.path for lock in self._locks if lock.tag for site in self._index.records(lock.tag)
        )
        return {stem for stem in stems if len(stem) >= _TELLING}

    def at_home(self) -> list[Place]:
        """The locks that only one file knows, in these files."""
        result: list[Place] = []
        for lock in self._locks:
            if lock.word and lock.home:
                mention = any_of([lock.word])
                files = [
                    path
                    for path in self._program.tree.meant(lock.home)
                    if path in self._index and mention.search(self._program.text(path))
                ]
                if not files:
                    raise TooManyError  # a macro that wasn't meant has renamed the lock
                result.append(((lock.word, ""), files))
        return result

    def elsewhere(self, found: Mapping[str, Sequence[str]]) -> list[Place]:
        """The other locks, in the files that mention them or what takes them, where ``found`` says which
        files mention each of the :meth:`words`.
        """
        result: list[Place] = []
        for lock in self._locks:
            for word in sorted(self._words[lock]):
                if word == lock.word and lock.home:
                    continue
                files: Iterable[str] = found[word]
                if word == lock.word and lock.tag and len(found[word]) > _COMMON:
                    knowing = self._knowing(lock.tag, found[lock.tag])
                    files = [path for path in found[word] if path in knowing]
                    result += [((name, ""), [path]) for path, name in self._through_macros(knowing, word)]
                if not files:
                    raise TooManyError  # a macro that wasn't meant has renamed the field
                result.append(((word, ""), files))
        return result

    def _knowing(self, tag: str, mentioning: Iterable[str]) -> set[str]:
        """The files that can know what is in a struct: those that name it, and those that include the header
        with its definition, by way of others or directly.
        """
        knowing = set(mentioning)
        fresh = {site.path for site in self._index.records(tag)}
        while fresh:
            stems = _stems(fresh)
            names = {path.rpartition("/")[2] for path in fresh}
            near = self._index.mentions(sorted(stems))
            including = {
                path
                for stem in stems
                for path in near[stem]
                if path not in knowing or path.endswith(".h")
                if any(
                    name.decode("utf-8", "replace").rpartition("/")[2] in names
                    for name in _INCLUDED.findall(self._program.text(path))
                )
            }
            fresh = {path for path in including if path.endswith(".h")} - self._including
            self._including |= fresh
            knowing |= including
            if len(knowing) > _MOST_KNOWING:
                raise TooManyError
        return knowing

    def _through_macros(self, files: Iterable[str], word: str) -> Iterator[tuple[str, str]]:
        """Uses, in these files, of macros that others define and that mention the word: (file, macro)."""
        mention = re.compile(rb"(?:->|\.)\s*" + re.escape(word.encode()) + rb"\b").search
        known: dict[bytes, bool] = {}
        for path in sorted(files):
            for name in sorted(set(CALLED.findall(self._program.text(path)))):
                if name not in known:
                    known[name] = any(
                        mention(body)
                        for header in self._index.defining(name.decode(), "macro")
                        for body in scan.definitions(self._program.text(header), name, scan.MACRO)
                    )
                if known[name]:
                    yield path, name.decode()


def _stems(headers: Iterable[str]) -> set[str]:
    """The names of headers, without what is before and behind."""
    return {path.rpartition("/")[2][:-2] for path in headers}
