"""The program under analysis: names to definitions, on demand.

Everything here is a memoised question. A file is split when the first question about it comes, a
function is lowered when somebody wants to look inside it.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from gfplint import ir
from gfplint.errors import GfplintError, SourceError
from gfplint.findings import Note
from gfplint.frontend import lower, source
from gfplint.frontend.made import Made
from gfplint.frontend.source import Item, ItemKind, SourceFile
from gfplint.kernel import scan
from gfplint.kernel.index import Site
from gfplint.kernel.kconfig import Config
from gfplint.kernel.masks import Masks
from gfplint.kernel.trace import Leaf, Memo, digest
from gfplint.kernel.tree import KernelTree
from gfplint.kernel.words import words_in
from gfplint.models import Models
from gfplint.program.including import FileConfig, header_macros
from gfplint.program.kept_files import KeptFiles
from gfplint.program.makers import Makers
from gfplint.program.parts import (
    head_digest,
    head_name,
    item_digest,
    kind_digest,
    kinds_of,
    lists_digest,
    made_digest,
    matches_digest,
    matching,
    matching_digest,
)
from gfplint.program.symbols import TreeSymbols

if TYPE_CHECKING:
    from gfplint.program.shared import Shared

_T = TypeVar("_T")

_MOST_DECLARATIONS = 4
"""Files with a variable of one name that are looked at for its initialiser."""

_LONGEST = 1 << 20
"""Bytes: no definition is longer."""


@dataclass(frozen=True, slots=True, order=True)
class FunctionRef:
    """A function definition by where it is; the key of every memoised question about it."""

    path: str
    start: int
    name: str


Where: TypeAlias = tuple[str, str, int]
"""A function as the books have it, which lines don't change: file, name, and which one of that name."""
Called: TypeAlias = tuple[str, str, int, str]
"""A call seen: file, function, offset in it, and what is called."""
_Declaration: TypeAlias = tuple[str, int, ItemKind, str]
"""Path, start, kind and name of an item that declares variables."""


@dataclass(slots=True)
class Account:
    """What was read, for ``--statistics``: sets, so that those of several processes can be united."""

    files: set[str] = field(default_factory=set)
    looked_at: set[Where] = field(default_factory=set)
    """Functions that somebody wanted to look inside."""
    unread: set[Where] = field(default_factory=set)
    with_errors: set[Where] = field(default_factory=set)
    evaluated: set[Where] = field(default_factory=set)
    """Functions that were walked."""
    sites: dict[Called, int] = field(default_factory=dict)
    """Number of targets of each call; -1 for a direct one."""

    def add(self, other: Account) -> None:
        """Take over another process's."""
        self.files |= other.files
        self.looked_at |= other.looked_at
        self.unread |= other.unread
        self.with_errors |= other.with_errors
        self.evaluated |= other.evaluated
        for site, number in other.sites.items():
            self.enter_site(site, number)

    def enter_site(self, site: Called, number: int) -> None:
        """A call and its number of targets: the largest that any walk saw."""
        self.sites[site] = max(number, self.sites.get(site, number))


class Program:
    """All that is known of the code, shared by the analyses of one run.

    ``notes`` collects what could not be read or resolved; each is added once.
    """

    def __init__(self, tree: KernelTree, models: Models) -> None:
        self.tree = tree
        self.models = models
        self.symbols = TreeSymbols(self)
        self._makers = Makers(self)
        self.notes: set[Note] = set()
        self.account = Account()
        self.kept_files: KeptFiles | None = None
        """Where files are that an earlier run has split, if anywhere."""
        self.shared: Shared | None = None
        """Where files and definitions are that some process of this run has read, if anywhere."""
        self._bytes = 0
        trace = tree.trace
        self._header_macros: dict[str, dict[str, bytes]] = {}
        self._sources: dict[str, tuple[SourceFile | None, int]] = {}
        self._opening: set[str] = set()
        self._digests: dict[tuple[str, str, bool], tuple[str, int, tuple[int, ...]]] = {}
        self._asked: dict[tuple[str, str, str], int] = {}
        self._numbered: dict[FunctionRef, Where] = {}
        self._functions: Memo[FunctionRef, ir.Function | None] = Memo(trace, self._find_function)
        self._resolved: Memo[tuple[str, str], FunctionRef | None] = Memo(trace, self._resolve)
        self._variables: Memo[tuple[str, str], ir.Variable | None] = Memo(trace, self._find_variable)
        self._declarations: Memo[_Declaration, list[ir.Variable]] = Memo(trace, self._declared)
        self._records: Memo[tuple[str, str], tuple[ir.Record, str] | None] = Memo(trace, self._find_record)
        self._layouts: Memo[tuple[str, int, str], ir.Record | None] = Memo(trace, self._find_layout)
        self._typedefs: Memo[tuple[str, str], ir.Type | None] = Memo(trace, self._find_typedef)
        self._prototypes: Memo[tuple[str, str], ir.FunctionType | None] = Memo(trace, self._find_prototype)
        self._included: Memo[str, list[str]] = Memo(trace, self._find_included)
        self._starts: Memo[str, tuple[list[int], list[Item]]] = Memo(trace, self._find_starts)

    @cached_property
    def masks(self) -> Masks:
        """The tree's ``GFP_*`` values, or the built-in ones where there is no tree."""
        return Masks.from_tree(self.tree) if self.tree.is_kernel else Masks.builtin()

    def note(self, note: Note) -> None:
        """Something could not be read or resolved."""
        self.notes.add(note)
        self.tree.trace.leaf("book", "notes", note)

    def enter(self, book: str, ref: FunctionRef) -> None:
        """A function belongs to one of the sets of the :class:`Account`."""
        where = self._where(ref)
        known: set[Where] = getattr(self.account, book)
        known.add(where)
        self.tree.trace.leaf("book", book, where)

    def _where(self, ref: FunctionRef) -> Where:
        known = self._numbered.get(ref)
        if known is None:
            starts = sorted(item.start for item in self.heads(ref.path, ref.name, ItemKind.FUNCTION))
            number = starts.index(ref.start) if ref.start in starts else -1
            known = self._numbered[ref] = ref.path, ref.name, number
        return known

    # ------------------------------------------------------------------------------ files

    def source(self, path: str) -> SourceFile | None:
        """The split file, or None (with a note) where it can't be read. Whoever asks rests on all of it."""
        self.tree.trace.leaf("file", path)
        return self.part(path)

    def part(self, path: str) -> SourceFile | None:
        """The same for who says which part of it counts (:mod:`gfplint.program.parts`)."""
        known = self._sources.get(path)
        if known is None:
            known = self._sources[path] = self._load(path) or self._open(path)
            if known[0] is not None:
                known[0].release(partial(self._peeked, path))
        self.tree.trace.current.add(known[1])
        return known[0]

    def _open(self, path: str) -> tuple[SourceFile | None, int]:
        """The file split now, with its node in the trace."""
        trace = self.tree.trace
        outer = trace.enter()
        file = self._split(path)
        if file is not None:
            trace.without("file", path)
        split = trace.leave(outer)
        # What the file's macros make is found out with the file as it is without.
        self._sources[path] = file, split
        outer = trace.enter()
        trace.current.add(split)
        if file is not None:
            self._opening.add(path)
            self._makers.extend(file)
            self._opening.discard(path)
            trace.without("file", path)
        node = trace.leave(outer)
        if file is not None and self.kept_files is not None:
            self.kept_files.save(path, file, node)
        if file is not None and self.shared is not None:
            self.shared.keep_file(path, file, node)
        return file, node

    def _load(self, path: str) -> tuple[SourceFile | None, int] | None:
        """The file as this run or an earlier one has split it, with its node in the trace."""
        trace = self.tree.trace
        outer = trace.enter()
        node = 0
        try:
            found = self.shared.file(path) if self.shared is not None else None
            if found is None and self.kept_files is not None:
                found = self.kept_files.load(path)
                trace.current.clear()
            if found is None:
                return None
            file, leaves = found
            self._rest_on(leaves)
            self.account.files.add(path)
            self._bytes += len(file.text)
        except SourceError:
            return None
        finally:
            node = trace.leave(outer)
        return file, node

    def _rest_on(self, leaves: list[Leaf]) -> None:
        """The work at hand rests on all this, as another process or run has found out."""
        for leaf in leaves:
            self.tree.trace.leaf(*leaf)
            if leaf[0] == "book" and leaf[1] == "files":
                self.account.files.add(str(leaf[2]))

    def _once(self, question: str, work: Callable[[], _T]) -> _T:
        """What some process of this run has answered to a question, by ``work`` if none has."""
        if self.shared is None:
            return work()
        known = self.shared.answer(question)
        if known is not None:
            self._rest_on(known[1])
            answer: _T = known[0]
            return answer
        trace = self.tree.trace
        outer = trace.enter()
        node = 0
        try:
            answer = work()
        finally:
            node = trace.leave(outer)
            trace.current.add(node)
        if answer is not None:
            self.shared.keep_answer(question, answer, node)
        return answer

    def loaded(self, path: str) -> SourceFile | None:
        """The file if it has been split already."""
        known = self._sources.get(path)
        return known[0] if known is not None and path not in self._opening else None

    def find(self, path: str, name: str, *kinds: ItemKind) -> list[Item]:
        """The items of a name in a file, of any of ``kinds``, active ones first: what :meth:`part` is for."""
        return self._items_of(path, name, kinds, bool(kinds) and ItemKind.FUNCTION not in kinds)

    def heads(self, path: str, name: str, *kinds: ItemKind) -> list[Item]:
        """The same for who looks inside no function of the name, nor at where it ends."""
        return self._items_of(path, name, kinds, True)

    def _items_of(self, path: str, name: str, kinds: tuple[ItemKind, ...], head: bool) -> list[Item]:
        file = self.part(path)
        if file is None:
            return []
        if self.tree.trace.on:
            known = self._digests.get((path, name, head))
            if known is None:
                items = file.find(name)
                starts = tuple(sorted([item.start for item in items]))
                found = head_digest(file, items) if head else 0
                if found:
                    known = head_name(name), found, starts
                else:
                    known = name, item_digest(file, items), starts
                if path not in self._opening:
                    self._digests[path, name, head] = known
            self.tree.trace.leaf("item", path, *known)
        return file.find(name, *kinds)

    def has(self, path: str, text: bytes) -> bool:
        """Whether a text stands anywhere in a file."""
        found = text in self.peek(path)
        self.tree.trace.leaf("ask", path, "has", text, int(found))
        return found

    def searched(self, path: str, pattern: re.Pattern[bytes]) -> bool:
        """Whether a pattern without flags matches in a file, comments included."""
        found = pattern.search(self.peek(path)) is not None
        self.tree.trace.leaf("ask", path, "search", pattern.pattern, int(found))
        return found

    def having(self, path: str, words: Collection[str]) -> set[str]:
        """Which of these identifiers a file has, comments included, if it can be read."""
        found = words_in(self._peeked(path), words)
        if self.tree.trace.on:
            self.tree.trace.leaf("ask", path, "words", " ".join(sorted(words)), digest(sorted(found)))
        return found

    def bodies(self, path: str, name: str, kind: str) -> list[bytes]:
        """What looks like definitions of that kind (:mod:`gfplint.kernel.scan`) of a name in a file, if that
        can be read.
        """
        found = list(scan.definitions(self._peeked(path), name.encode(), kind))
        if self.tree.trace.on:
            self.tree.trace.leaf("ask", path, "bodies", kind + name, digest(found))
        return found

    def peek(self, path: str) -> bytes:
        """The bytes of a file for who says which part of it counts. Raises :class:`SourceError`."""
        outer = self.tree.trace.enter()
        try:
            return self.tree.read(path)
        finally:
            self.tree.trace.leave(outer)

    def _peeked(self, path: str) -> bytes:
        """As :meth:`peek`, and nothing where the file can't be read."""
        try:
            return self.peek(path)
        except SourceError:
            return b""

    def matches(self, path: str, pattern: re.Pattern[bytes]) -> list[re.Match[bytes]]:
        """Where a pattern, which has no flags but perhaps ``re.M``, matches in a file's text."""
        file = self.part(path)
        if file is None:
            return []
        found = list(pattern.finditer(file.text))
        if self.tree.trace.on:
            known = matches_digest(found, partial(self.around, path))
            self.tree.trace.leaf("ask", path, "matches", pattern.pattern, known)
        return found

    def matching(
        self, path: str, pattern: re.Pattern[bytes], *kinds: ItemKind
    ) -> list[tuple[Item, list[re.Match[bytes]]]]:
        """The items of these kinds with matches of a pattern like those of :meth:`matches`, in order."""
        file = self.part(path)
        if file is None:
            return []
        result = matching(file.items, list(pattern.finditer(file.text)), kinds)
        if self.tree.trace.on:
            asked = pattern.pattern, kinds_of(kinds)
            self.tree.trace.leaf("ask", path, "matching", asked, matching_digest(result))
        for item, _ in result:
            self.find(path, item.name)
        return result

    def made(self, path: str) -> list[Made]:
        """The items of a file that macros make, for who looks into nothing else of it."""
        file = self.part(path)
        if file is None:
            return []
        if self.tree.trace.on:
            self.tree.trace.leaf("ask", path, "made", "", made_digest(file))
        return [item for item in file.items if isinstance(item, Made)]

    def items_of_kind(self, path: str, *kinds: ItemKind) -> list[Item]:
        """The items of a file of these kinds, in order, for who looks into nothing else of it."""
        file = self.part(path)
        if file is None:
            return []
        found = [item for item in file.items if item.kind in kinds]
        self._ask(file, "kind", kinds_of(kinds), kind_digest)
        return found

    def lists(self, path: str) -> SourceFile | None:
        """A file for who looks at lists of enumerators in it, and at macros that write these."""
        file = self.part(path)
        if file is not None:
            self._ask(file, "lists", "", lambda file, _: lists_digest(file))
        return file

    def _ask(
        self, file: SourceFile, question: str, argument: str, answer: Callable[[SourceFile, str], int]
    ) -> None:
        """The work at hand rests on the answer to a question about a part of a file."""
        if self.tree.trace.on:
            key = file.path, question, argument
            known = self._asked.get(key)
            if known is None:
                known = answer(file, argument)
                if file.path not in self._opening:
                    self._asked[key] = known
            self.tree.trace.leaf("ask", *key, known)

    def _split(self, path: str) -> SourceFile | None:
        try:
            result: SourceFile | None = source.split(path, self.tree.read(path), self.configuration(path))
        except GfplintError as error:
            self.note(Note("unreadable-file", path, 0, str(error)))
            result = None
        if result is not None:
            self.account.files.add(path)
            self.tree.trace.leaf("book", "files", path)
            self._bytes += len(result.text)
        return result

    def configuration(self, path: str) -> Config:
        """What decides the ``#if`` of a file."""
        config = self.tree.config_for(path)
        if not path.endswith(".c"):
            return config
        return FileConfig(config, self.tree, path, self._macros_of)

    def _macros_of(self, path: str) -> dict[str, bytes]:
        known = self._header_macros.get(path)
        if known is None:
            outer = self.tree.trace.enter()
            known = self._header_macros[path] = header_macros(self.tree, path)
            self.tree.trace.leave(outer)
        return known

    def items(self, path: str, *kinds: ItemKind) -> list[Item]:
        """The items of a file of these kinds, in order."""
        file = self.source(path)
        return [item for item in file.items if item.kind in kinds] if file else []

    def enclosing(self, path: str, offset: int) -> Item | None:
        """The function or variable whose definition contains an offset."""
        item = self.around(path, offset)
        if item is not None:
            self.find(path, item.name)
        else:
            self.tree.trace.leaf("file", path)
        return item

    def around(self, path: str, offset: int) -> Item | None:
        """The same for who has found the offset in a part of the file that counts."""
        known = self._starts(path)
        position = bisect_right(known[0], offset) - 1
        while position >= 0 and known[0][position] > offset - _LONGEST:
            item = known[1][position]
            if offset < item.end:
                return item
            position -= 1
        return None

    def _find_starts(self, path: str) -> tuple[list[int], list[Item]]:
        file = self.part(path)
        kinds = (ItemKind.FUNCTION, ItemKind.VARIABLE)
        items = [item for item in file.items if item.kind in kinds] if file is not None else []
        return [item.start for item in items], items

    def _find_included(self, path: str) -> list[str]:
        """A file and the ``.c`` files that it includes (kernel/sched builds itself so)."""
        file = self.part(path)
        files = [path]
        if file is not None:
            if self.tree.trace.on:
                self.tree.trace.leaf("ask", path, "included", "", digest(file.included))
            for name in file.included:
                folder = path.rpartition("/")[0]
                joined = _normalise(f"{folder}/{name.decode('utf-8', 'replace')}")
                if joined != path and self.tree.exists(joined):
                    files.append(joined)
        return files

    def find_item(
        self, name: str, from_path: str, sites: Callable[[str], tuple[Site, ...]], *kinds: ItemKind
    ) -> tuple[str, Item] | None:
        """The item that ``name`` means in ``from_path``: its own file's first, then the best of ``sites``,
        which are only asked for where that has none.

        Active items (those that the configuration builds) win over inactive ones. Statics of other
        ``.c`` files are not candidates. Who gets a function and looks inside must ask for it again.
        """
        spare: tuple[str, Item] | None = None
        own = self._included(from_path) if from_path else []
        for path in own:
            for item in self.heads(path, name, *kinds):
                if item.active:
                    return path, item
                spare = spare or (path, item)
        found = sites(name)
        if not found:
            return spare
        for site in self.tree.index.ranked(found, from_path):
            if site.path in own:
                continue
            for item in self.heads(site.path, name, *kinds):
                if (
                    item.static
                    and site.path.endswith(".c")
                    and item.kind in (ItemKind.FUNCTION, ItemKind.VARIABLE)
                ):
                    continue
                if item.active:
                    return site.path, item
                spare = spare or (site.path, item)
        return spare

    # -------------------------------------------------------------------------- functions

    def resolve(self, name: str, from_path: str) -> FunctionRef | None:
        """The definition that a call of ``name`` in ``from_path`` reaches, None where the tree has none."""
        return self._resolved((name, from_path))

    def _resolve(self, key: tuple[str, str]) -> FunctionRef | None:
        name, from_path = key
        index = self.tree.index
        found = self.find_item(name, from_path, index.functions, ItemKind.FUNCTION)
        if found is None:
            # DEFINE_SOMETHING(name) declares a variable to the index, but may make a function.
            found = self.find_item(name, "", index.variables, ItemKind.FUNCTION)
        return FunctionRef(found[0], found[1].start, name) if found else None

    def defined_here(self, name: str, path: str) -> bool:
        """Whether ``path`` has a static function ``name`` of its own (which then wins over an API model)."""
        if not path.endswith(".c"):
            return False
        for own in self._included(path):
            if any(item.active and item.static for item in self.heads(own, name, ItemKind.FUNCTION)):
                return True
        return False

    def functions_of(self, path: str) -> list[FunctionRef]:
        """Every function definition of a file, in order."""
        return [FunctionRef(path, item.start, item.name) for item in self.items(path, ItemKind.FUNCTION)]

    def text(self, path: str) -> bytes:
        """All of a file; nothing where it can't be read, which is counted where it is opened in earnest."""
        try:
            return self.tree.read(path)
        except SourceError:
            return b""

    def text_of(self, ref: FunctionRef) -> bytes:
        """The source text of a definition, comments blanked."""
        file = self.part(ref.path)
        for item in self.find(ref.path, ref.name, ItemKind.FUNCTION):
            if file is not None and item.start == ref.start:
                return file.text[item.start : item.end]
        return b""

    def function(self, ref: FunctionRef) -> ir.Function | None:
        """The lowered definition; None (with a note) where lowering is impossible."""
        return self._functions(ref)

    def _find_function(self, ref: FunctionRef) -> ir.Function | None:
        result: ir.Function | None = None
        file = self.part(ref.path)
        for item in self.find(ref.path, ref.name, ItemKind.FUNCTION):
            if file is not None and item.start == ref.start:
                result = self._once(
                    f"function {ref.start} {ref.name} {ref.path}", partial(self._lower, file, item)
                )
                break
        self.enter("looked_at", ref)
        if result is None:
            self.note(Note("syntax", ref.path, 0, f"{ref.name}() could not be read."))
            self.enter("unread", ref)
        elif result.errors:
            self.enter("with_errors", ref)
            line = file.position(result.name_at)[0] if file else 0
            self.note(
                Note(
                    "syntax",
                    ref.path,
                    line,
                    f"{ref.name}() was read in part: its syntax is not understood everywhere.",
                )
            )
        return result

    def _lower(self, file: SourceFile, item: Item) -> ir.Function | None:
        """One function lowered. A fault of ours in one function must not take the whole run with it: it
        is noted, and raised only where somebody debugs gfplint.
        """
        try:
            return lower.lower_function(file, item, self.symbols)
        except Exception as error:
            if os.environ.get("GFPLINT_DEBUG"):
                raise
            line = file.position(item.name_at)[0]
            self.note(
                Note(
                    "internal",
                    file.path,
                    line,
                    f"{item.name}(): gfplint failed ({type(error).__name__}: {error}).",
                )
            )
            return None

    @property
    def paths_read(self) -> list[str]:
        """The files that were split so far."""
        return sorted(self.account.files)

    @property
    def size(self) -> int:
        """Bytes of the files that are kept apart in memory."""
        return self._bytes

    def forget(self) -> None:
        """Let go of everything that can be read again; the account stays."""
        for kept in (
            self._sources,
            self._header_macros,
            self._functions,
            self._variables,
            self._declarations,
            self._records,
            self._layouts,
            self._prototypes,
            self._included,
            self._starts,
        ):
            kept.clear()
        self._bytes = 0

    def prototype(self, name: str, from_path: str) -> ir.FunctionType | None:
        """The type of function ``name``: from its definition, or else from a declaration."""
        return self._prototypes((name, from_path))

    def _find_prototype(self, key: tuple[str, str]) -> ir.FunctionType | None:
        name, from_path = key
        ref = self.resolve(name, from_path)
        if ref is not None:
            file = self.part(ref.path)
            for item in self.heads(ref.path, name, ItemKind.FUNCTION):
                if file is not None and item.start == ref.start:
                    return lower.lower_prototype(file, item, self.symbols)[1]
        located = self.find_item(name, from_path, self.tree.index.prototypes, ItemKind.PROTOTYPE)
        if located is not None:
            file = self.part(located[0])
            if file is not None:
                return lower.lower_prototype(file, located[1], self.symbols)[1]
        return None

    # -------------------------------------------------------------------------- variables

    def variables_of(self, path: str, item: Item) -> list[ir.Variable]:
        """The variables that one declaration item declares."""
        return self._declarations((path, item.start, item.kind, item.name))

    def _declared(self, key: _Declaration) -> list[ir.Variable]:
        path, start, kind, name = key
        file = self.part(path)
        for item in self.find(path, name):  # declarators that share a start share their text
            if item.start == start and item.kind is kind and file is not None:
                work = partial(lower.lower_variable, file, item, self.symbols)
                return self._once(f"variable {start} {kind.name} {name} {path}", work)
        return []

    def variable(self, name: str, from_path: str) -> ir.Variable | None:
        """The file-scope variable that ``name`` means in ``from_path``, with its initialiser if known."""
        return self._variables((name, from_path))

    def _find_variable(self, key: tuple[str, str]) -> ir.Variable | None:
        name, from_path = key
        found = self.find_item(name, from_path, self.tree.index.variables, ItemKind.VARIABLE)
        result = None
        if found is not None:
            for variable in self.variables_of(*found):
                if variable.name == name:
                    result = variable
        return result

    def initialised(self, name: str, from_path: str) -> ir.Variable | None:
        """The same variable with its initialiser, where only another declaration has it: C lets a file
        declare a variable first (``static struct shrinker s;``, or ``extern`` in a header) and set it later.
        """
        known = self.variable(name, from_path)
        if known is None or known.values:
            return known
        places = [known.path]
        if not known.static:
            sites = self.tree.index.ranked(self.tree.index.variables(name), from_path)
            places += [site.path for site in sites if site.path.endswith(".c")][:_MOST_DECLARATIONS]
        for path in dict.fromkeys(places):
            for item in self.find(path, name, ItemKind.VARIABLE):
                if not item.active or item.static != known.static:
                    continue
                for variable in self.variables_of(path, item):
                    if variable.name == name and variable.values:
                        return variable
        return known

    # ------------------------------------------------------------------------------ types

    def record(self, tag: str, from_path: str) -> tuple[ir.Record, str] | None:
        """``struct tag`` with its fields, and the path of the file that defines it."""
        return self._records((tag, from_path))

    def _find_record(self, key: tuple[str, str]) -> tuple[ir.Record, str] | None:
        tag, from_path = key
        found = self.find_item(tag, from_path, self.tree.index.records, ItemKind.RECORD)
        if found is None:
            return None
        path, item = found
        layout = self._layouts((path, item.start, tag))
        return (layout, path) if layout is not None else None

    def _find_layout(self, key: tuple[str, int, str]) -> ir.Record | None:
        path, start, tag = key
        file = self.part(path)
        for item in self.heads(path, tag, ItemKind.RECORD):
            if item.start == start and file is not None:
                work = partial(lower.lower_record, file, item, self.symbols)
                return self._once(f"record {start} {tag} {path}", work)
        return None

    def typedef(self, name: str, from_path: str) -> ir.Type | None:
        """What a typedef name stands for."""
        return self._typedefs((name, from_path))

    def _find_typedef(self, key: tuple[str, str]) -> ir.Type | None:
        name, from_path = key
        found = self.find_item(name, from_path, self.tree.index.typedefs, ItemKind.TYPEDEF)
        if found is not None:
            file = self.part(found[0])
            if file is not None:
                return lower.lower_typedef(file, found[1], self.symbols)
        return None

    # -------------------------------------------------------------------------- positions

    def position(self, path: str, offset: int) -> tuple[int, int]:
        """Line and column (from 1) of an offset in a file."""
        file = self.part(path)
        if file is None:
            return 0, 0
        if self.tree.trace.on:
            item = self.around(path, offset)
            if item is not None:
                self.find(path, item.name)
            else:
                self.tree.trace.leaf("ask", path, "line", offset, digest(file.position(offset)))
        return file.position(offset)


def _normalise(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
