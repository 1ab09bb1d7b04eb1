"""What the program stores in a struct's field or in a variable: which functions, which values.

In: a struct's tag and a field's name, or a variable. Out: references to functions, sorted, or expressions.
Places are candidates from the index of stores (by text); each is lowered and its types are compared before it
counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.frontend.source import Item, ItemKind
from gfplint.kernel import scan
from gfplint.kernel.trace import Memo
from gfplint.program.program import FunctionRef
from gfplint.program.types import Types

if TYPE_CHECKING:
    from gfplint.kernel.index import Site
    from gfplint.program.program import Program

_TEST_FOLDERS = frozenset({"kunit", "selftests", "test", "tests"})
"""Names that the kernel gives to folders of in-kernel tests."""
_COPIES = 3
"""Locals and temporaries behind one another that a stored value is followed through."""


class Stores:
    """Answers, memoised by struct type and field."""

    def __init__(self, program: Program, types: Types) -> None:
        self._program = program
        self._types = types
        trace = program.tree.trace
        # Who asks again from inside finds nothing more.
        self._stored: Memo[tuple[str, str], tuple[FunctionRef, ...]] = Memo(trace, self._find_stored, tuple)
        self._near: Memo[tuple[str, str, str], tuple[FunctionRef, ...]] = Memo(trace, self._find_near)
        self._variables: Memo[tuple[str, str], tuple[FunctionRef, ...]] = Memo(
            trace, self._of_variable, tuple
        )
        self._others: Memo[tuple[str, str, str], int] = Memo(trace, self._find_others)

    # ------------------------------------------------------------------------------- functions

    def near(self, tag: str, field: str, home: str) -> tuple[FunctionRef, ...]:
        """Functions that files near ``home`` store in the field, sorted: those of its own folder or below,
        and only where there are none those of the folders beside it.
        """
        return self._near((tag, field, home))

    def _find_near(self, key: tuple[str, str, str]) -> tuple[FunctionRef, ...]:
        tag, field, home = key
        around = _around(home)
        if around is None:
            return ()
        sites = [site for site in self._program.tree.index.stores(field, around) if is_near(site.path, home)]
        own = [site for site in sites if site.path.startswith(home + "/")]
        return self._sorted(own, tag, field) or self._sorted(sites, tag, field)

    def others(self, tag: str, field: str, home: str) -> int:
        """How many functions an object near ``home`` may have in the field besides those that :meth:`near`
        chose. Other drivers' objects are never meant. But every function counts that a header of all
        (``include/``) stores there, since whoever includes it makes such objects; and what the driver's other
        folders and the library around it store counts as one more.
        """
        return self._others((tag, field, home))

    def _find_others(self, key: tuple[str, str, str]) -> int:
        tag, field, home = key
        word = tag.encode()
        index = self._program.tree.index
        chosen = set(self.near(tag, field, home))
        headers = [site for site in index.stores(field, "include") if self._program.has(site.path, word)]
        around = [
            site
            for folder in _folders_around(home)
            for site in index.stores(field, folder)
            if not site.path.startswith("include/")
            and _is_around(site.path, home)
            and self._program.has(site.path, word)
        ]
        more = set(self._sorted(headers, tag, field)) - chosen
        beside = any(ref not in chosen and ref not in more for ref in self._sorted(around, tag, field))
        return len(more) + beside

    def stored(self, tag: str, field: str, most: int | None = None) -> tuple[FunctionRef, ...] | None:
        """Every function that initialisers and assignments store in ``struct tag``'s ``field``, sorted;
        in-kernel tests left out. None where there are more than ``most`` places to look at.
        """
        index = self._program.tree.index
        if most is not None and index.many_stores(field, most):
            return None
        return self._stored((tag, field))

    def count(self, tag: str, field: str, places: int, most: int) -> int:
        """How many functions are :meth:`stored` in a field of no more than ``places``, 0 where there are
        more of these. Counted to ``most`` and one: most files needn't be split for that.
        """
        if self._program.tree.index.many_stores(field, places):
            return 0
        found: set[FunctionRef] = set()
        for site in self._sites(tag, field):
            found.update(self._at(site, tag, field))
            if len(found) > most:
                return most + 1
        return len(found)

    def more(self, tag: str, field: str, most: int, paths: Iterable[str]) -> bool:
        """Whether some files alone store more functions in the field than ``most``."""
        program, word = self._program, tag.encode()
        found: set[FunctionRef] = set()
        for path in paths:
            if not _is_test(path) and program.has(path, word):
                for site in program.tree.index.stores_in(path, field):
                    found.update(self._at(site, tag, field))
                if len(found) > most:
                    return True
        return False

    def _find_stored(self, key: tuple[str, str]) -> tuple[FunctionRef, ...]:
        return self._sorted(self._sites(*key), *key)

    def _sites(self, tag: str, field: str) -> Iterator[Site]:
        """The places where something may be stored in the field, sorted."""
        word = tag.encode()
        for site in self._program.tree.index.stores(field):
            if not _is_test(site.path) and self._program.has(site.path, word):
                yield site

    def of_variable(self, name: str, path: str) -> tuple[FunctionRef, ...]:
        """Functions that the file-scope variable ``name`` of ``path`` may hold: its initialiser's, and those
        that ``path`` and the variable's own file assign to it.
        """
        return self._variables((name, path))

    def _of_variable(self, key: tuple[str, str]) -> tuple[FunctionRef, ...]:
        return tuple(sorted(set(self._held(*key))))

    def _held(self, name: str, path: str) -> Iterator[FunctionRef]:
        variable = self._program.initialised(name, path)
        if variable is None:
            return
        for value in variable.values:
            if all(step == "[]" for step in value.path):
                yield from self._named(value.value, variable.path, None)
        pattern = re.compile(rb"(?<![\w.>])" + re.escape(name.encode()) + rb"\s*(?:\[[^\]\n]*\]\s*)?=[^=]")
        for file in dict.fromkeys((variable.path, path)):
            seen: set[int] = set()
            for match in self._program.matches(file, pattern):
                item = self._program.enclosing(file, match.start())
                if item is None or not item.active or item.start in seen or item.kind is ItemKind.VARIABLE:
                    continue
                seen.add(item.start)
                fn = self._program.function(FunctionRef(file, item.start, item.name))
                for assign in assignments(fn) if fn is not None else ():
                    target = assign.target
                    while isinstance(target, ir.Index):
                        target = target.base
                    if isinstance(target, ir.Global) and target.name == name:
                        yield from self._named(assign.value, file, fn)

    def _sorted(self, sites: Iterable[Site], tag: str, field: str) -> tuple[FunctionRef, ...]:
        return tuple(sorted({ref for site in sites for ref in self._at(site, tag, field)}))

    def _at(self, site: Site, tag: str, field: str) -> list[FunctionRef]:
        """Functions that the item around ``site`` stores in the field."""
        data = self._program.peek(site.path)  # the index says what is stored
        words = scan.stored_words(data, site.offset + len(field))
        if all(self._program.resolve(word, site.path) is None for word in words):
            return []  # most stores are of data; only those of functions are worth parsing
        item = self._program.enclosing(site.path, site.offset)
        if item is None or not item.active:
            return []
        if item.kind is ItemKind.VARIABLE:
            return [
                ref
                for variable in self._program.variables_of(site.path, item)
                for value in self._values_initialised(variable, tag, field)
                for ref in self._named(value, variable.path, None)
            ]
        fn = self._program.function(FunctionRef(site.path, item.start, item.name))
        if fn is None:
            return []
        return [
            ref for value in self._values_assigned(fn, tag, field) for ref in self._named(value, fn.path, fn)
        ]

    def _named(self, value: ir.Expr, path: str, fn: ir.Function | None) -> list[FunctionRef]:
        values = origins(value, fn) if fn is not None else choices(value)
        return [ref for each in values if (ref := self.function_named(each, path)) is not None]

    def function_named(self, expr: ir.Expr, path: str) -> FunctionRef | None:
        """The function that a constant expression names (``f``, ``&f``, a cast of it)."""
        while isinstance(expr, (ir.Cast, ir.AddressOf)):
            expr = expr.operand
        return self._program.resolve(expr.name, path) if isinstance(expr, ir.Global) else None

    # ---------------------------------------------------------------------------------- values

    def values(self, tag: str, field: str, folder: str) -> list[tuple[ir.Expr, str]]:
        """Every expression that files of a folder store in ``struct tag``'s ``field``, with the file."""
        result: list[tuple[ir.Expr, str]] = []
        word = re.compile(rb"(?:\.|->)\s*" + re.escape(field.encode()) + rb"\s*[|&]?=[^=]")
        for path in self._program.tree.index.mentions([field], folder)[field]:
            seen: set[int] = set()
            for match in self._program.matches(path, word):
                item = self._program.enclosing(path, match.start())
                if item is None or not item.active or item.start in seen:
                    continue
                seen.add(item.start)
                found: list[ir.Expr] = []
                if item.kind is ItemKind.VARIABLE:
                    for variable in self._program.variables_of(path, item):
                        found.extend(self._values_initialised(variable, tag, field))
                else:
                    fn = self._program.function(FunctionRef(path, item.start, item.name))
                    found.extend(self._values_assigned(fn, tag, field) if fn is not None else ())
                result.extend((each, path) for value in found for each in choices(value))
        return result

    def owners(self, path: str, item: Item, field: str) -> set[str]:
        """The tags of the structs into whose ``field`` an item stores something."""
        if item.kind is ItemKind.VARIABLE:
            return {
                owner
                for variable in self._program.variables_of(path, item)
                for value in variable.values
                if (owner := self._initialised_owner(variable, value.path, field))
            }
        fn = self._program.function(FunctionRef(path, item.start, item.name))
        if fn is None:
            return set()
        return {owner for each in assignments(fn) if (owner := self._assigned_owner(each, fn, field))}

    def _values_initialised(self, variable: ir.Variable, tag: str, field: str) -> list[ir.Expr]:
        return [
            value.value
            for value in variable.values
            if self._initialised_owner(variable, value.path, field) == tag
        ]

    def _initialised_owner(self, variable: ir.Variable, path: tuple[str, ...], field: str) -> str:
        """The tag of the struct whose ``field`` an initialiser at ``path`` is for; "" for other fields."""
        path = self._types.named_path(variable, path)
        while path and path[-1] == "[]":
            path = path[:-1]  # an element of an array that is the field
        if not path or path[-1] != field:
            return ""
        kind: ir.Type = variable.type
        for step in path[:-1]:
            inner = self._types.strip(kind, variable.path)
            if step == "[]":
                kind = inner.of if isinstance(inner, ir.Array) else inner
            else:
                kind = self._types.field_type(inner, step, variable.path)
        owner = self._types.strip(kind, variable.path)
        if isinstance(owner, ir.Array):
            owner = self._types.strip(owner.of, variable.path)
        return owner.tag if isinstance(owner, ir.Record) else ""

    def _values_assigned(self, fn: ir.Function, tag: str, field: str) -> list[ir.Expr]:
        return [each.value for each in assignments(fn) if self._assigned_owner(each, fn, field) == tag]

    def _assigned_owner(self, assign: ir.Assign, fn: ir.Function, field: str) -> str:
        """The same for an assignment."""
        target = assign.target
        while isinstance(target, ir.Index):
            target = target.base
        if not isinstance(target, ir.Field) or target.name != field:
            return ""
        owner = self._types.strip(self._types.type_of(target.base, fn), fn.path)
        return owner.tag if isinstance(owner, ir.Record) else ""


def assignments(fn: ir.Function) -> Iterator[ir.Assign]:
    """Every assignment of a function, in the order of its blocks."""
    for block in fn.blocks:
        for instruction in block.instructions:
            if isinstance(instruction, ir.Assign):
                yield instruction


def choices(value: ir.Expr) -> Iterator[ir.Expr]:
    """The arms of ``?:``, or the value itself."""
    if isinstance(value, ir.Select):
        yield from choices(value.then)
        yield from choices(value.otherwise)
    else:
        yield value


def origins(value: ir.Expr, fn: ir.Function, depth: int = _COPIES) -> Iterator[ir.Expr]:
    """Where a function pointer in ``fn`` comes from: for a local variable what is assigned to it anywhere in
    ``fn``, for ``?:`` both arms, else the expression itself, casts left out. A parameter comes from itself.
    """
    for each in choices(value):
        while isinstance(each, ir.Cast):
            each = each.operand
        if isinstance(each, ir.Select):
            yield from origins(each, fn, depth)
        elif not depth or not isinstance(each, (ir.Local, ir.Temp)) or _is_parameter(each, fn):
            yield each
        else:
            for assign in assignments(fn):
                if assign.target == each and assign.value != each:
                    yield from origins(assign.value, fn, depth - 1)


def _is_parameter(expr: ir.Expr, fn: ir.Function) -> bool:
    return isinstance(expr, ir.Local) and expr.name in fn.params


def _around(home: str) -> str | None:
    """The folder that has all files near ``home``; None where nothing is near."""
    parts = home.split("/")
    least = max(2, len(parts) - 1)
    return "/".join(parts[:least]) if len(parts) >= least else None


def _folders_around(home: str) -> list[str]:
    """The folders that have all files around ``home``; of those with a slash at the end, themselves alone."""
    near = _around(home)
    parts = home.split("/")
    above = ["/".join(parts[:length]) + "/" for length in range(2, len(parts) - 1)]
    return [*above, near] if near is not None else above


def is_near(path: str, home: str) -> bool:
    """Whether a file belongs to the same driver as the folder ``home``: its folder, one beside or below it,
    but never all of ``drivers/``.
    """
    if _is_test(path) and not _is_test(home + "/"):
        return False
    here, there = home.split("/"), path.split("/")[:-1]
    common = 0
    for one, other in zip(here, there, strict=False):
        if one != other:
            break
        common += 1
    return common >= max(2, len(here) - 1)


def _is_around(path: str, home: str) -> bool:
    """Whether a file is of the same driver as the folder ``home``, or of a folder around it, top ones
    (``drivers/``, ``fs/``) left out.
    """
    folder = path.rpartition("/")[0]
    return is_near(path, home) or ("/" in folder and home.startswith(folder + "/"))


def _is_test(path: str) -> bool:
    """Whether a file lies below a folder of tests, whose mock objects no driver ever meets."""
    return not _TEST_FOLDERS.isdisjoint(path.split("/")[:-1])
