"""Which functions may hold one of some locks, by text and by types, before any of them is evaluated.

A function that never names a lock, nor calls what wraps it, can't hold it. In text that is the lock's last
field behind ``->`` or a dot, in a statement that takes an address; the function's types then tell which
struct it is a field of.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from gfplint import ir
from gfplint.analysis.evaluate import Evaluator, Limits
from gfplint.analysis.state import parts
from gfplint.analysis.summary import Facts, LockClass
from gfplint.analysis.words import CALLED, GUARD_MACROS
from gfplint.analysis.work import Work, by_folder
from gfplint.frontend.source import Item, ItemKind
from gfplint.kernel.ranking import is_public
from gfplint.kernel.words import any_of, either, words_in
from gfplint.models import Acquire, Model
from gfplint.program.kept import Key
from gfplint.program.program import FunctionRef, Program
from gfplint.program.substitution import at_call

if TYPE_CHECKING:
    from gfplint.cache.units import Facts as Told

MANY_FILES = 400
"""From so many files on they are searched all at once, on all processes."""
COMMON = 1500
"""Files that mention a word beyond which it alone says nothing: the struct must be named, too."""
WRAPPER_ROUNDS = 3
"""Wrappers in wrappers that are found."""

_GUARD_USE = re.compile(rb"\b(?:guard|scoped_guard|scoped_cond_guard|CLASS)\s*\(\s*(\w+)")
_NAME_BEFORE = re.compile(rb"([A-Za-z_]\w*)\s*\Z")
Asked: TypeAlias = tuple[int, "Told"]
"""The number of a search among those of a run, and what a unit may ask about it."""
_Homes: TypeAlias = dict[str, set[str] | None]
"""File → the names that it may define and that matter; None: all."""


class Candidates:
    """The functions of some files that may hold one of some locks."""

    def __init__(
        self,
        evaluator: Evaluator,
        files: Iterable[str],
        locks: Sequence[LockClass],
        work: Work,
        asked: Asked,
    ) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._work = work
        self._asked = asked
        self._files = sorted(files)
        self._locks = locks
        self._wanted = frozenset(lock.name for lock in locks)
        self._modelled = self._models()
        self._pointers = frozenset(lock.word for lock in locks if not lock.exact)
        self._globals = frozenset(lock.word for lock in locks if not lock.tag and lock.word)
        self._within = {lock: self._where(lock) for lock in locks if lock.word}
        self._known: dict[str, list[FunctionRef]] = {}
        """File → its functions that may take a lock without a wrapper, where that was looked at."""
        self._found: dict[str, list[FunctionRef]] = {}
        self._words: dict[str, set[str]] = {}
        """File → words of locks that mean something there."""
        self._named: dict[str, set[str]] = {}
        """File → what of all that was searched for by name it mentions."""
        self._wrapping: set[str] = set()
        self._guarding: set[str] = set()
        """Names of guards (``guard(NAME)``), which are ordinary words elsewhere."""
        self._guard_locks: set[tuple[str, bytes]] | None = None
        """Those that the files use, with the texts of the locks that they take."""
        self._own_wrapping: dict[str, set[str]] = {}
        self._patterns: dict[tuple[frozenset[str], frozenset[str], int], re.Pattern[bytes]] = {}
        self._alone = Evaluator(evaluator.program, Limits(depth=1), evaluator)

    def prepare(self) -> list[str]:
        """Find the words of the locks and of what wraps them; the files that have any, sorted."""
        if not self._locks:
            return []
        self._wrappers()
        found = set(self._mentioning(self._files, self._wrapping | self._modelled))
        if self._guarding:
            found.update(self._mentioning(self._files, GUARD_MACROS))
        found |= self._words.keys() | {path for path, names in self._own_wrapping.items() if names}
        return [path for path in self._files if path in found]

    def wants(self, name: str) -> bool:
        """Whether a lock class is one of those looked for."""
        self._program.tree.trace.leaf("fact", f"wanted {name}")
        return name in self._wanted

    def inputs(self, files: Iterable[str]) -> object:
        """What :meth:`of` goes by for these files, in a form whose ``repr`` says it all: of words and names
        those that the files have.
        """
        found = []
        for path in files:
            words, own = self._words.get(path, set()), self._own_wrapping.get(path, set())
            named = self._named.get(path, set())
            found.append(
                (
                    sorted(words),
                    sorted(words & self._globals),
                    sorted((words | named | own) & self._pointers),
                    sorted(named & self._modelled),
                    sorted(named & self._wrapping),
                    sorted(named & GUARD_MACROS) if self._guarding else [],
                    sorted(own),
                    self._work.kept.relative(self._known.get(path)),
                )
            )
        return sorted(self._guarding), found

    def of(self, path: str) -> list[FunctionRef]:
        """The functions of a file that name one of the locks or call a wrapper, in source order."""
        found = self._found.get(path)
        if found is None:
            known = self._known.get(path)
            called = self._wrapping | self._own_wrapping.get(path, set())
            if known is None:
                found = self._taking(path, self._pattern(path))
            elif called:
                found = sorted({*known, *self._taking(path, self._pattern(path, called))})
            else:
                found = known
            self._found[path] = found
        return found

    def _taking(self, path: str, pattern: re.Pattern[bytes]) -> list[FunctionRef]:
        found: list[FunctionRef] = []
        for item, text, matches in self._matching(path, pattern, ItemKind.FUNCTION):
            ref = FunctionRef(path, item.start, item.name)
            if self._may_hold(text, item, matches) and self._takes(ref):
                found.append(ref)
        return found

    def _matching(
        self, path: str, pattern: re.Pattern[bytes], *kinds: ItemKind
    ) -> Iterator[tuple[Item, bytes, list[re.Match[bytes]]]]:
        """The items in which a pattern matches, with the file's text and the matches. A file is split only
        where it matches at all, comments included.
        """
        program = self._program
        if program.searched(path, pattern) and (file := program.part(path)) is not None:
            for item, matches in program.matching(path, pattern, *kinds):
                yield item, file.text, matches

    # ------------------------------------------------------------------------------- words

    def _where(self, lock: LockClass) -> tuple[str, ...] | None:
        """Folders (ending in a slash) or files whose text can mean this lock; None: any. A struct that isn't
        defined in a public header is known beside and below the folder of its definition.
        """
        if lock.home:
            return self._program.tree.meant(lock.home)
        if not lock.tag:
            return None
        within: set[str] = set()
        sites = self._program.tree.index.records(lock.tag)
        for site in sites:
            folder = site.path.rpartition("/")[0]
            if is_public(site.path) or not folder:
                return None
            within.add((folder.rpartition("/")[0] or folder) + "/")
        return tuple(sorted(within)) or None

    def _models(self) -> frozenset[str]:
        """Modelled functions that take one of the locks without their caller naming it (``rtnl_lock()``)."""
        words = {lock.word for lock in self._locks if lock.word}
        return frozenset(
            name
            for name, effect in self._program.models.acquisitions()
            if effect.lock_class in self._wanted or effect.word in words
        )

    def _look_up_words(self, files: Sequence[str]) -> None:
        """Which words of locks the files have."""
        words = sorted({lock.word for lock in self._within})
        if not words:
            return
        found: dict[str, frozenset[str]] = {}
        many = len(files) > MANY_FILES
        if many:
            tags = {lock.tag for lock in self._within if lock.tag}
            answers = self._program.tree.index.mentions([*words, *sorted(tags - set(words))])
            found = {word: frozenset(paths) for word, paths in answers.items()}
        inside = frozenset(files)
        texts = {} if many else {path: self._program.having(path, words) for path in files}
        for lock, within in self._within.items():
            if many:
                paths = found[lock.word]
                if within is None and lock.tag and len(paths) > COMMON:
                    paths &= found[lock.tag]
            else:
                paths = frozenset(path for path in files if lock.word in texts[path])
            for path in paths & inside:
                if within is None or path.startswith(within):
                    self._words.setdefault(path, set()).add(lock.word)

    def _pattern(
        self, path: str, names: Iterable[str] = (), among: Collection[str] | None = None
    ) -> re.Pattern[bytes]:
        """What to look for in a file: its locks' words, and wrappers, by name; or these names alone. Of the
        names those that it has: ``among`` these, or as :meth:`inputs` tells.
        """
        own = self._own_wrapping.get(path, set())
        if among is None:
            among = self._named.get(path, set()) | own
        words = frozenset(self._words.get(path, ())) if not names else frozenset()
        called = frozenset((set(names) or (self._modelled | self._wrapping | own)).intersection(among))
        guarding = self._guarding if not names and not GUARD_MACROS.isdisjoint(among) else set()
        known = self._patterns.get((words, called, len(guarding)))
        if known is None:
            parts = []
            fields = words - self._globals
            if fields:
                parts.append(rb"(?:->|\.)\s*(?:" + either(fields) + rb")\b")
            if words & self._globals:
                parts.append(rb"\b(?:" + either(words & self._globals) + rb")\b")
            if called:
                parts.append(rb"\b(?:" + either(called) + rb")\b")
            if guarding:
                guards = rb"\b(?:" + either(GUARD_MACROS) + rb")\s*\(\s*(?:"
                parts.append(guards + either(guarding) + rb")\b")
            known = re.compile(b"|".join(parts) if parts else rb"(?!)")
            self._patterns[words, called, len(guarding)] = known
        return known

    def _searched(self, path: str) -> set[str]:
        """The words without one of which nothing in a file is like its :meth:`_pattern`."""
        own = self._own_wrapping.get(path, set())
        called = own | self._modelled | self._wrapping
        return self._words.get(path, set()) | called | (GUARD_MACROS if self._guarding else set())

    def _mentioning(self, files: Sequence[str], words: Iterable[str]) -> list[str]:
        """Those of the files that mention one of the words."""
        found = mentioned(self._program, files, set(words))
        files = [path for path in files if path in found]
        for path in files:
            self._named.setdefault(path, set()).update(found[path])
        return files

    # ------------------------------------------------------------------------------- types

    def _takes(self, ref: FunctionRef) -> bool:
        """Whether a function may take one of the locks, by types alone: it names the address of one, calls
        a wrapper, or takes a lock through a pointer.
        """
        fn = self._program.function(ref)
        if fn is None:
            return False
        own = self._own_wrapping.get(ref.path, set())
        for block in fn.blocks:
            for instruction in block.instructions:
                if isinstance(instruction, ir.Assign):
                    if self._speaks(instruction.value, fn):
                        return True
                    continue
                called = instruction.function
                name = called.name if isinstance(called, ir.Global) else ""
                if name in self._wrapping or name in own:
                    return True
                if any(self._speaks(arg, fn) for arg in instruction.args):
                    return True
                model = self._evaluator.pointers.direct(instruction, fn)
                if isinstance(model, Model) and self._acquires_wanted(model, instruction, fn):
                    return True
        return False

    def _speaks(self, expr: ir.Expr, fn: ir.Function) -> bool:
        """Whether an expression has the address of something that is, or may be, one of the locks."""
        if isinstance(expr, ir.AddressOf) and isinstance(expr.operand, (ir.Field, ir.Global, ir.Index)):
            place = self._evaluator.place(expr.operand, fn)
            if place is None or self.wants(place.lock_class):
                return True
        return any(self._speaks(part, fn) for part in parts(expr))

    def _acquires_wanted(self, model: Model, call: ir.Call, fn: ir.Function) -> bool:
        """Whether a modelled function takes one of the locks that no argument names, or one that a pointer
        in memory leads to.
        """
        actual = dict(zip(model.params, call.args, strict=False))
        for effect in model.effects:
            if not isinstance(effect, Acquire):
                continue
            if effect.lock_class is not None:
                if self.wants(effect.lock_class):
                    return True
            elif effect.lock is not None:
                lock = at_call(effect.lock, actual)
                if isinstance(lock, (ir.Field, ir.Deref, ir.Index, ir.Cast)) or self._speaks(lock, fn):
                    return True
        return False

    def _may_hold(self, text: bytes, item: Item, matches: list[re.Match[bytes]]) -> bool:
        """Whether a function uses one of the words, at these places, for more than API calls that take no
        sleeping lock (``spin_lock(&x->lock)``, ``list_empty(&x->lock)``) or for its value.
        """
        models = self._program.models
        for match in matches:
            name = _enclosing_call(text, match.start(), item.start)
            model = models.get(name) if name else None
            if model is not None:
                if any(
                    isinstance(each, Acquire) and models.kinds[each.kind].sleeps for each in model.effects
                ):
                    return True
            elif match[0][:1] not in b"-." or self._is_address(text, match, item.start):
                return True
        return False

    def _is_address(self, text: bytes, match: re.Match[bytes], start: int) -> bool:
        """Whether the address of a field is taken, or the field is a pointer to a lock."""
        if match[0].lstrip(b"->. \t\n").decode() in self._pointers:
            return True
        begin = max(start, match.start() - 200)
        last = max(text.rfind(char, begin, match.start()) for char in (b";", b"{", b"}"))
        return text.find(b"&", max(last, begin), match.start()) >= 0

    # ----------------------------------------------------------------------------- wrappers

    def _wrappers(self) -> None:
        """Find the functions that return with a wanted lock held and the macros that name one. Only what
        the paths call can matter to them; where they are many, that is everything.
        """
        tree = self._program.tree
        many = len(self._files) > MANY_FILES
        homes: _Homes
        if many:
            tree.index.expect([*self._modelled, *GUARD_MACROS])  # one search instead of three
            self._look_up_words(tree.index.files)
            homes = dict.fromkeys(self._words)
            for path in self._mentioning(tree.index.files, self._modelled):
                homes[path] = None
        else:
            homes = {}
            self._look_up_words(self._files)
            called = self._called_names()
        fresh: set[str] = set()
        for number in range(WRAPPER_ROUNDS):
            self._guarding |= self._guards(fresh)
            if many and number:
                homes = dict.fromkeys(self._mentioning(tree.index.files, fresh))
            units = by_folder(sorted(homes))
            first = many and not number

            def key(
                files: list[str],
                fresh: frozenset[str] = frozenset(fresh),
                homes: _Homes = homes,
                first: bool = first,
            ) -> Key:
                return (
                    *("wrappers", self._asked[0], first, files, self.inputs(files)),
                    [
                        (sorted(fresh & self._named.get(path, set())), sorted(homes[path] or ()))
                        for path in files
                    ],
                )

            def work(
                files: list[str],
                fresh: frozenset[str] = frozenset(fresh),
                homes: _Homes = homes,
                first: bool = first,
            ) -> tuple[list[tuple[str, str, bool]], dict[str, list[FunctionRef]]]:
                self._evaluator.begin(("wrappers", files))
                self._alone.begin(("wrappers", files))
                known = {path: self._taking(path, self._pattern(path)) for path in files} if first else {}
                found = [each for path in files for each in self._wrappers_in(path, homes[path], fresh)]
                return found, known

            if many:
                answers = self._work.answers(units, key, work, facts=self._asked[1])
            else:
                answers = [(self._called_wrappers(called, frozenset(fresh)), {})]
            fresh = set()
            for _, taking in answers:
                self._known.update(taking)
            for name, path, own in (each for answer, _ in answers for each in answer):
                known = self._own_wrapping.setdefault(path, set()) if own else self._wrapping
                if name not in known:
                    known.add(name)
                    fresh.add(name)
            if not fresh:
                break

    def _guards(self, fresh: set[str]) -> set[str]:
        """Guards used in the files whose definition names a lock, or one of the ``fresh`` wrappers."""
        if self._guard_locks is None:
            units = by_folder(self._mentioning(self._files, GUARD_MACROS))
            many = len(self._files) > MANY_FILES
            found = (
                self._work.answers(units, lambda files: ("guards", files), self._guards_used)
                if many
                else [self._guards_used(files) for files in units]
            )
            self._guard_locks = {each for used in found for each in used}
        pattern = any_of(fresh or ({lock.word for lock in self._within} | self._modelled))
        return {name for name, lock in self._guard_locks if pattern.search(lock)}

    def _guards_used(self, files: list[str]) -> list[tuple[str, bytes]]:
        """The guards that some files use, and the texts of the locks that these take."""
        found: set[tuple[str, bytes]] = set()
        for path in files:
            for name in set(_GUARD_USE.findall(self._program.text(path))):
                guard = self._program.symbols.guard(name.decode(), path)
                if guard is not None:
                    found.add((name.decode(), guard.lock))
        return sorted(found)

    def _called_names(self) -> set[str]:
        names: set[str] = set()
        for path in self._files:
            names.update(name.decode() for name in CALLED.findall(self._program.text(path)))
        return {name for name in names if name not in self._program.models}

    def _called_wrappers(self, names: set[str], fresh: frozenset[str]) -> list[tuple[str, str, bool]]:
        """The wrappers among the names that the files call. What others than the files have of these is kept:
        an edit seldom calls a new name.
        """

        def found(homes: dict[str, set[str]]) -> list[tuple[str, str, bool]]:
            wrappers = []
            for files in by_folder(sorted(homes)):
                self._evaluator.begin(("wrappers", files))
                self._alone.begin(("wrappers", files))
                wrappers += [each for path in files for each in self._wrappers_in(path, homes[path], fresh)]
            return wrappers

        def work(called: list[str]) -> list[tuple[str, str, bool]]:
            homes = self._homes(called)
            if not fresh:
                self._look_up_words(sorted(homes))
            return found(homes)

        def key(called: list[str]) -> Key:
            own = sorted((path, sorted(names)) for path, names in self._own_wrapping.items())
            state = (own, sorted(self._wrapping), sorted(self._guarding), sorted(fresh))
            return "called wrappers", self._asked[0], self._lock_key, self._files, called, state

        (others,) = self._work.answers([sorted(names)], key, work, facts=self._asked[1], jobs=1)
        return found(dict.fromkeys(self._files, names)) + others

    @cached_property
    def _lock_key(self) -> object:
        """The locks, and where their words mean them."""
        return sorted(((lock, self._within.get(lock)) for lock in self._locks), key=repr)

    def _homes(self, names: Iterable[str]) -> dict[str, set[str]]:
        """File → those of the names that it may define, without the analysed files."""
        own = frozenset(self._files)
        homes: dict[str, set[str]] = {}
        index = self._program.tree.index
        for name in names:
            for path in index.defining(name, "function", "macro"):
                if path not in own:
                    homes.setdefault(path, set()).add(name)
        return homes

    def _wrappers_in(
        self, path: str, names: set[str] | None, fresh: frozenset[str]
    ) -> list[tuple[str, str, bool]]:
        """(name, file, whether only this file can mean it) of the wrappers that a file defines, of those
        ``names`` (None: of all): of the locks, or of the ``fresh`` wrappers where there are any.
        """
        among = self._program.having(path, fresh or self._searched(path))
        if not among:
            return []
        pattern = self._pattern(path, fresh, among)
        found: list[tuple[str, str, bool]] = []
        for item, text, matches in self._matching(path, pattern, ItemKind.FUNCTION, ItemKind.MACRO):
            if item.name in self._program.models or (names is not None and item.name not in names):
                continue
            own = path.endswith(".c") and (item.static or item.kind is ItemKind.MACRO)
            if item.kind is ItemKind.MACRO:
                if self._names_lock(text, item, pattern) and self._may_hold(text, item, matches):
                    found.append((item.name, path, own))
            elif self._may_hold(text, item, matches) and self._acquires(path, item):
                found.append((item.name, path, own))
        return found

    def _names_lock(self, text: bytes, item: Item, pattern: re.Pattern[bytes]) -> bool:
        """Whether a macro's body mentions one of the words, apart from its own name and parameters."""
        body = text.find(b")", item.start, item.end)
        return pattern.search(text, max(body, item.start + len(item.name)), item.end) is not None

    def _acquires(self, path: str, item: Item) -> bool:
        """Whether the function by itself, its callees left out, returns with a wanted lock held."""
        ref = FunctionRef(path, item.start, item.name)
        if not self._takes(ref):
            return False
        summary = self._alone.summary(ref, Facts())
        return any(self.wants(held.lock.name) for each in summary.exits for held in each.taken)


def mentioned(program: Program, files: Sequence[str], words: set[str]) -> dict[str, set[str]]:
    """Which of the words each of the files mentions that mentions any. Comments and strings count."""
    found: dict[str, set[str]] = {}
    if not words:
        return found
    left = files
    if len(files) > MANY_FILES:
        index = program.tree.index
        for word, paths in index.mentions(sorted(words)).items():
            for path in paths:
                found.setdefault(path, set()).add(word)
        left = [path for path in files if path not in index]
    for path in left:
        names = words_in(program.text(path), words)
        if names:
            found[path] = names
    return found


def _enclosing_call(text: bytes, at: int, start: int) -> str:
    """The name before the innermost parenthesis around an offset, "" where there is none in the statement."""
    depth = 0
    for position in range(at - 1, max(start, at - 400) - 1, -1):
        char = text[position : position + 1]
        if char == b")":
            depth += 1
        elif char == b"(":
            if depth == 0:
                match = _NAME_BEFORE.search(text, max(start, position - 80), position)
                return match[1].decode() if match else ""
            depth -= 1
        elif char in (b";", b"{", b"}"):
            return ""
    return ""
