"""The program under analysis: names to definitions, on demand.

Everything here is a memoised question. A file is split when the first question about it comes, a
function is lowered when somebody wants to look inside it.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from gfplint import ir
from gfplint.errors import GfplintError
from gfplint.findings import Note
from gfplint.frontend import lower, source
from gfplint.frontend.source import Item, ItemKind, SourceFile
from gfplint.kernel.index import Site
from gfplint.kernel.kconfig import Config
from gfplint.kernel.masks import Masks
from gfplint.kernel.tree import KernelTree
from gfplint.models import Models
from gfplint.program.including import FileConfig
from gfplint.program.makers import Makers
from gfplint.program.symbols import TreeSymbols

_MOST_DECLARATIONS = 4
"""Files with a variable of one name that are looked at for its initialiser."""

_LONGEST = 1 << 20
"""Bytes: no definition is longer."""
_INCLUDED_C = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"]+\.c)"', re.M)


@dataclass(frozen=True, slots=True, order=True)
class FunctionRef:
    """A function definition by where it is; the key of every memoised question about it."""

    path: str
    start: int
    name: str


@dataclass(slots=True)
class Account:
    """What was read, for ``--statistics``: sets, so that those of several processes can be united."""

    files: set[str] = field(default_factory=set)
    looked_at: set[FunctionRef] = field(default_factory=set)
    """Functions that somebody wanted to look inside."""
    unread: set[FunctionRef] = field(default_factory=set)
    with_errors: set[FunctionRef] = field(default_factory=set)

    def add(self, other: Account) -> None:
        """Take over another process's."""
        self.files |= other.files
        self.looked_at |= other.looked_at
        self.unread |= other.unread
        self.with_errors |= other.with_errors


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
        self._bytes = 0
        self._header_macros: dict[str, dict[str, bytes]] = {}
        self._sources: dict[str, SourceFile | None] = {}
        self._functions: dict[FunctionRef, ir.Function | None] = {}
        self._resolved: dict[tuple[str, str], FunctionRef | None] = {}
        self._variables: dict[tuple[str, str], ir.Variable | None] = {}
        self._lowered_variables: dict[tuple[str, int], list[ir.Variable]] = {}
        self._records: dict[tuple[str, str], tuple[ir.Record, str] | None] = {}
        self._typedefs: dict[tuple[str, str], ir.Type | None] = {}
        self._prototypes: dict[tuple[str, str], ir.FunctionType | None] = {}
        self._included: dict[str, list[str]] = {}
        self._starts: dict[str, tuple[list[int], list[Item]]] = {}

    @cached_property
    def masks(self) -> Masks:
        """The tree's ``GFP_*`` values, or the built-in ones where there is no tree."""
        return Masks.from_tree(self.tree) if self.tree.is_kernel else Masks.builtin()

    # ------------------------------------------------------------------------------ files

    def source(self, path: str) -> SourceFile | None:
        """The split file, or None (with a note) where it can't be read."""
        if path in self._sources:
            return self._sources[path]
        try:
            result: SourceFile | None = source.split(path, self.tree.read(path), self.configuration(path))
        except GfplintError as error:
            self.notes.add(Note("unreadable-file", path, 0, str(error)))
            result = None
        self._sources[path] = result
        if result is not None:
            self.account.files.add(path)
            self._bytes += len(result.data)
            self._makers.extend(result)
        return result

    def configuration(self, path: str) -> Config:
        """What decides the ``#if`` of a file."""
        config = self.tree.config_for(path)
        if not path.endswith(".c"):
            return config
        return FileConfig(config, self.tree, path, self._header_macros)

    def items(self, path: str, *kinds: ItemKind) -> list[Item]:
        """The items of a file of these kinds, in order."""
        file = self.source(path)
        return [item for item in file.items if item.kind in kinds] if file else []

    def enclosing(self, path: str, offset: int) -> Item | None:
        """The function or variable whose definition contains an offset."""
        known = self._starts.get(path)
        if known is None:
            items = self.items(path, ItemKind.FUNCTION, ItemKind.VARIABLE)
            known = self._starts[path] = ([item.start for item in items], items)
        position = bisect_right(known[0], offset) - 1
        while position >= 0 and known[0][position] > offset - _LONGEST:
            item = known[1][position]
            if offset < item.end:
                return item
            position -= 1
        return None

    def _own_files(self, path: str) -> list[str]:
        """A file and the ``.c`` files that it includes (kernel/sched builds itself so)."""
        known = self._included.get(path)
        if known is not None:
            return known
        file = self.source(path)
        files = self._included[path] = [path]
        if file is not None:
            for match in _INCLUDED_C.finditer(file.data):
                folder = path.rpartition("/")[0]
                joined = _normalise(f"{folder}/{match[1].decode('utf-8', 'replace')}")
                if joined != path and self.tree.exists(joined):
                    files.append(joined)
        return files

    def find_item(
        self, name: str, from_path: str, sites: Callable[[str], tuple[Site, ...]], *kinds: ItemKind
    ) -> tuple[str, Item] | None:
        """The item that ``name`` means in ``from_path``: its own file's first, then the best of ``sites``,
        which are only asked for where that has none.

        Active items (those that the configuration builds) win over inactive ones. Statics of other
        ``.c`` files are not candidates.
        """
        spare: tuple[str, Item] | None = None
        own = self._own_files(from_path) if from_path else []
        for path in own:
            file = self.source(path)
            for item in file.find(name, *kinds) if file else ():
                if item.active:
                    return path, item
                spare = spare or (path, item)
        found = sites(name)
        if not found:
            return spare
        for site in self.tree.index.ranked(found, from_path):
            if site.path in own:
                continue
            file = self.source(site.path)
            for item in file.find(name, *kinds) if file else ():
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
        key = (name, from_path)
        if key not in self._resolved:
            index = self.tree.index
            found = self.find_item(name, from_path, index.functions, ItemKind.FUNCTION)
            if found is None:
                # DEFINE_SOMETHING(name) declares a variable to the index, but may make a function.
                found = self.find_item(name, "", index.variables, ItemKind.FUNCTION)
            self._resolved[key] = FunctionRef(found[0], found[1].start, name) if found else None
        return self._resolved[key]

    def defined_here(self, name: str, path: str) -> bool:
        """Whether ``path`` has a static function ``name`` of its own (which then wins over an API model)."""
        if not path.endswith(".c"):
            return False
        for own in self._own_files(path):
            file = self.source(own)
            if file is not None and any(
                item.active and item.static for item in file.find(name, ItemKind.FUNCTION)
            ):
                return True
        return False

    def functions_of(self, path: str) -> list[FunctionRef]:
        """Every function definition of a file, in order."""
        return [FunctionRef(path, item.start, item.name) for item in self.items(path, ItemKind.FUNCTION)]

    def text_of(self, ref: FunctionRef) -> bytes:
        """The source text of a definition, comments blanked."""
        file = self.source(ref.path)
        if file is None:
            return b""
        for item in file.find(ref.name, ItemKind.FUNCTION):
            if item.start == ref.start:
                return file.text[item.start : item.end]
        return b""

    def function(self, ref: FunctionRef) -> ir.Function | None:
        """The lowered definition; None (with a note) where lowering is impossible."""
        if ref in self._functions:
            return self._functions[ref]
        result: ir.Function | None = None
        file = self.source(ref.path)
        if file is not None:
            for item in file.find(ref.name, ItemKind.FUNCTION):
                if item.start == ref.start:
                    result = self._lower(file, item)
                    break
        self.account.looked_at.add(ref)
        if result is None:
            self.notes.add(Note("syntax", ref.path, 0, f"{ref.name}() could not be read."))
            self.account.unread.add(ref)
        elif result.errors:
            self.account.with_errors.add(ref)
            line = file.position(result.name_at)[0] if file else 0
            self.notes.add(
                Note(
                    "syntax",
                    ref.path,
                    line,
                    f"{ref.name}() was read in part: its syntax is not understood everywhere.",
                )
            )
        self._functions[ref] = result
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
            self.notes.add(
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
            self._functions,
            self._variables,
            self._lowered_variables,
            self._records,
            self._prototypes,
            self._included,
            self._starts,
        ):
            kept.clear()
        self._bytes = 0

    def prototype(self, name: str, from_path: str) -> ir.FunctionType | None:
        """The type of function ``name``: from its definition, or else from a declaration."""
        key = (name, from_path)
        if key not in self._prototypes:
            self._prototypes[key] = self._find_prototype(name, from_path)
        return self._prototypes[key]

    def _find_prototype(self, name: str, from_path: str) -> ir.FunctionType | None:
        ref = self.resolve(name, from_path)
        if ref is not None:
            file = self.source(ref.path)
            for item in file.find(name, ItemKind.FUNCTION) if file else ():
                if file is not None and item.start == ref.start:
                    return lower.lower_prototype(file, item, self.symbols)[1]
        located = self.find_item(name, from_path, self.tree.index.prototypes, ItemKind.PROTOTYPE)
        if located is not None:
            file = self.source(located[0])
            if file is not None:
                return lower.lower_prototype(file, located[1], self.symbols)[1]
        return None

    # -------------------------------------------------------------------------- variables

    def variables_of(self, path: str, item: Item) -> list[ir.Variable]:
        """The variables that one declaration item declares."""
        key = (path, item.start)
        if key not in self._lowered_variables:
            file = self.source(path)
            self._lowered_variables[key] = lower.lower_variable(file, item, self.symbols) if file else []
        return self._lowered_variables[key]

    def variable(self, name: str, from_path: str) -> ir.Variable | None:
        """The file-scope variable that ``name`` means in ``from_path``, with its initialiser if known."""
        key = (name, from_path)
        if key not in self._variables:
            found = self.find_item(name, from_path, self.tree.index.variables, ItemKind.VARIABLE)
            result = None
            if found is not None:
                for variable in self.variables_of(*found):
                    if variable.name == name:
                        result = variable
            self._variables[key] = result
        return self._variables[key]

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
            file = self.source(path)
            for item in file.find(name, ItemKind.VARIABLE) if file else ():
                if not item.active or item.static != known.static:
                    continue
                for variable in self.variables_of(path, item):
                    if variable.name == name and variable.values:
                        return variable
        return known

    # ------------------------------------------------------------------------------ types

    def record(self, tag: str, from_path: str) -> tuple[ir.Record, str] | None:
        """``struct tag`` with its fields, and the path of the file that defines it."""
        key = (tag, from_path)
        if key not in self._records:
            found = self.find_item(tag, from_path, self.tree.index.records, ItemKind.RECORD)
            result = None
            if found is not None:
                file = self.source(found[0])
                if file is not None:
                    result = (lower.lower_record(file, found[1], self.symbols), found[0])
            self._records[key] = result
        return self._records[key]

    def typedef(self, name: str, from_path: str) -> ir.Type | None:
        """What a typedef name stands for."""
        key = (name, from_path)
        if key not in self._typedefs:
            found = self.find_item(name, from_path, self.tree.index.typedefs, ItemKind.TYPEDEF)
            result = None
            if found is not None:
                file = self.source(found[0])
                if file is not None:
                    result = lower.lower_typedef(file, found[1], self.symbols)
            self._typedefs[key] = result
        return self._typedefs[key]

    # -------------------------------------------------------------------------- positions

    def position(self, path: str, offset: int) -> tuple[int, int]:
        """Line and column (from 1) of an offset in a file."""
        file = self.source(path)
        return file.position(offset) if file is not None else (0, 0)


def _normalise(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
