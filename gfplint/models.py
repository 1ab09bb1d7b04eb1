"""API models: what the kernel's own functions and macros do, loaded from ``models/*.toml``.

What comes in: folders laid out like ``rules/`` (the bundled one, the user's ``--rules DIR``). What goes out:
a :class:`Models` that answers ``get(name)``. docs/writing-rules.md is the reference of the format.

Loading reads the TOML and notes where each name stands; prototypes and expressions are parsed (pycparser)
when a model is first asked for, since a run asks for a few hundred of some thousands. :meth:`Models.check`
parses them all.

A later folder's model replaces an earlier one's of the same name, so that a user can correct a bundled model.

Errors: :class:`gfplint.errors.ModelError` with file and line: unknown keys, kinds and scopes (with the
nearest known one), missing fields, names that the prototype lacks, C that doesn't parse, two models of one
name.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from gfplint import cexpr, invariants, ir
from gfplint.invariants import Invariant
from gfplint.toml import Table, read_toml

Version: TypeAlias = tuple[int, int, int]

SCOPES = ("nofs", "noio", "noreclaim", "pin", "flags")
"""``memalloc_nofs_save()`` and its like: what an allocation mask loses inside. ``pin`` changes nothing that
reclaim looks at; ``flags`` is any of them, as the arguments say.
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of lock. ``sleeps``: waiting for it blocks, so that a thread which sleeps in reclaim may hold
    it.
    """

    name: str
    sleeps: bool
    title: str


@dataclass(frozen=True, slots=True)
class Acquire:
    """Takes a lock and returns with it held.

    ``lock`` is a pointer to it in terms of the parameters; where C has no expression for it, ``lock_class``
    names the class. ``when`` is about ``result`` (an :class:`ir.Local`) and the parameters: held only where
    it is true. ``blocking`` is False for a trylock. ``shared``: other readers don't exclude it.
    """

    lock: ir.Expr | None
    lock_class: str | None
    kind: str
    shared: bool
    when: ir.Expr | None
    blocking: bool

    @property
    def word(self) -> str:
        """The field or variable whose address ``lock`` is, whatever the parameters are; "" for none."""
        lock = self.lock.operand if isinstance(self.lock, ir.AddressOf) else None
        return lock.name if isinstance(lock, (ir.Field, ir.Global)) else ""


@dataclass(frozen=True, slots=True)
class Release:
    """Gives up a lock that the caller holds."""

    lock: ir.Expr | None
    lock_class: str | None
    kind: str
    when: ir.Expr | None


@dataclass(frozen=True, slots=True)
class Allocate:
    """Asks for memory with ``mask``. ``order`` or ``size`` (bytes) where the request is contiguous and either
    is known.
    """

    mask: ir.Expr
    order: ir.Expr | None
    size: ir.Expr | None
    when: ir.Expr | None


@dataclass(frozen=True, slots=True)
class EnterScope:
    """Enters one of :data:`SCOPES`; the call's result is the cookie."""

    scope: str


@dataclass(frozen=True, slots=True)
class LeaveScope:
    """Leaves a scope that was entered with ``cookie``."""

    scope: str
    cookie: ir.Expr


@dataclass(frozen=True, slots=True)
class AssertHeld:
    """Says that the caller holds ``lock``; ``shared`` where it may hold it for reading."""

    lock: ir.Expr
    shared: bool


@dataclass(frozen=True, slots=True)
class Warn:
    """Complains where ``when`` holds: what comes then has gone wrong before."""

    when: ir.Expr


@dataclass(frozen=True, slots=True)
class Prepare:
    """Makes a lock of ``kind`` (empty: any) ready for use. ``units``: how many may hold it at once;
    ``reclass``: it gets a class of its own for lockdep.
    """

    lock: ir.Expr
    kind: str
    units: ir.Expr | None
    reclass: bool


@dataclass(frozen=True, slots=True)
class CallBack:
    """Calls ``function`` before returning; an argument that nobody knows is None."""

    function: ir.Expr
    args: tuple[ir.Expr | None, ...]


@dataclass(frozen=True, slots=True)
class AssignTo:
    """A macro's ``target = value``; ``target`` is an lvalue in terms of the macro's parameters, ``value``
    :class:`ir.Opaque` where nobody knows it.
    """

    target: ir.Expr
    value: ir.Expr


Effect: TypeAlias = (
    Acquire | Release | Allocate | EnterScope | LeaveScope | CallBack | AssignTo | AssertHeld | Warn | Prepare
)


@dataclass(frozen=True, slots=True)
class Model:
    """What a function does, in order, as far as locks, allocations and scopes are concerned.

    ``types`` are the parameters' types; both are empty for a name without a prototype, which is then
    ``variadic``. ``returns`` is the result in terms of the parameters, None where it is unknown. ``leaf``:
    nothing inside matters.
    ``loop``: a for-each macro; what follows is its body. ``stops``: where that is true, control doesn't come
    back. ``pattern`` is the pattern that the name matched, or
    "": such a model holds only for names that the tree doesn't define. ``path``, ``line``: where the model is
    written.
    """

    name: str
    params: tuple[str, ...]
    types: tuple[ir.Type, ...]
    variadic: bool
    result: ir.Type
    effects: tuple[Effect, ...]
    returns: ir.Expr | None
    leaf: bool
    noreturn: bool
    loop: bool
    stops: ir.Expr | None
    pattern: str
    path: str
    line: int


@dataclass(slots=True)
class _Entry:
    """One name, not yet parsed: its group's table and its own prototype (None where it has only a name)."""

    name: str
    table: Table
    prototype: str | None


# ``void *kmalloc(size_t size, gfp_t flags);``: the first identifier directly before a parenthesis is the
# name.
_DECLARATION = re.compile(r"\s*([^;]*?\b(\w+)\s*\([^;]*);")
_EFFECTS = (
    *("acquires", "tries", "releases", "allocates", "enters", "leaves", "calls", "assigns", "asserts"),
    *("warns", "prepares"),
)
_FLAGS = ("leaf", "noreturn", "loop")
_FORMS = ("prototype", "prototypes", "names", "pattern")
_KEYS = (*_FORMS, *_EFFECTS, "returns", "stops", *_FLAGS, "since", "until")


class Models:
    """All API models that apply to one kernel version."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self._entries: dict[str, _Entry] = {}
        self._patterns: list[_Entry] = []
        self._invariants: list[Table] = []
        self._matcher: Callable[[str], re.Match[str] | None] | None = None
        self._models: dict[str, Model | None] = {}

    @classmethod
    def load(cls, dirs: Iterable[Path], version: Version | None = None) -> Models:
        """Read ``DIR/models/*.toml`` of every folder, in the order given, files by name.

        ``version``: the tree's; entries with ``since``/``until`` apply accordingly. None means the newest.
        """
        models = cls()
        for folder in dirs:
            seen: dict[str, _Entry] = {}
            for path in sorted((folder / "models").glob("*.toml")):
                models._read(path, seen, version)
            models._entries.update((name, entry) for name, entry in seen.items())
        return models

    def names_with(self, key: str) -> list[str]:
        """The names of the models that have this key, sorted."""
        return sorted(name for name, entry in self._entries.items() if key in entry.table)

    def _read(self, path: Path, seen: dict[str, _Entry], version: Version | None) -> None:
        top = read_toml(path)
        top.only("function", "kind", "invariant")
        for table in top.tables("kind"):
            table.only("name", "sleeps", "title")
            kind = Kind(
                table.text("name"), table.flag("sleeps", required=True), table.text("title", default="")
            )
            self.kinds[kind.name] = kind
        for table in top.tables("invariant"):
            invariants.check(table)
            if table.applies(version):
                self._invariants.append(table)
        for table in top.tables("function"):
            if table.applies(version):
                for entry in _entries_of(table):
                    if "*" in entry.name:
                        self._patterns.append(entry)
                    elif entry.name in seen:
                        table.fail(
                            f"{entry.name}() has a model already, at {seen[entry.name].table.place()}",
                            entry.name,
                        )
                    else:
                        seen[entry.name] = entry

    def get(self, name: str) -> Model | None:
        """The model of the function or macro ``name``; None where there is none. The answer is kept."""
        try:
            return self._models[name]
        except KeyError:
            entry = self._entries.get(name)
            if entry is None:
                entry = self._match(name)
            model = None if entry is None else _build(entry, name, self.kinds)
            self._models[name] = model
            return model

    @property
    def built(self) -> dict[str, Model]:
        """The models that were parsed so far, to be kept."""
        return {name: model for name, model in self._models.items() if model is not None}

    def adopt(self, built: dict[str, Model]) -> None:
        """Take over what an earlier run with the same rules has :attr:`built`."""
        self._models.update(built)

    def __contains__(self, name: str) -> bool:
        """Whether ``name`` itself is modelled (patterns don't count), without parsing its model."""
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        """The modelled names, sorted; without patterns."""
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def acquiring(self) -> list[str]:
        """Names of the functions and macros whose models take a lock, sorted."""
        return sorted(
            name
            for name, entry in self._entries.items()
            if "acquires" in entry.table or "tries" in entry.table
        )

    def acquisitions(self) -> Iterator[tuple[str, Acquire]]:
        """How the functions and macros of :meth:`acquiring` take locks, each with its name."""
        for name in self.acquiring():
            model = self.get(name)
            for effect in model.effects if model is not None else ():
                if isinstance(effect, Acquire):
                    yield name, effect

    def scoping(self, scope: str = "") -> list[str]:
        """Names of the functions whose models enter or leave a scope (of :data:`SCOPES`), sorted."""
        names = [
            name
            for name, entry in self._entries.items()
            if "enters" in entry.table or "leaves" in entry.table
        ]
        if scope:
            names = [name for name in names if scope in self._scopes_of(name)]
        return sorted(names)

    def _scopes_of(self, name: str) -> set[str]:
        model = self.get(name)
        effects = model.effects if model is not None else ()
        return {each.scope for each in effects if isinstance(each, (EnterScope, LeaveScope))}

    @cached_property
    def invariants(self) -> dict[str, tuple[Invariant, ...]]:
        """The invariants of structs, by each field that tells whether one applies."""
        found: dict[str, list[Invariant]] = {}
        for each in map(invariants.build, self._invariants):
            for field in sorted(each.fields):
                found.setdefault(field, []).append(each)
        return {field: tuple(each) for field, each in found.items()}

    @cached_property
    def told(self) -> frozenset[str]:
        """The fields that invariants speak of."""
        return frozenset(name for each in self.invariants.values() for inv in each for name in inv.told)

    def check(self) -> None:
        """Parse every model; raises :class:`gfplint.errors.ModelError` at the first that is wrong."""
        for name in self:
            self.get(name)
        for entry in self._patterns:
            _build(entry, entry.name, self.kinds)
        _ = self.invariants  # parsed when they are first asked for

    def _match(self, name: str) -> _Entry | None:
        if not self._patterns:
            return None
        if self._matcher is None:
            self._matcher = re.compile(
                "|".join(f"({fnmatch.translate(each.name)})" for each in self._patterns)
            ).match
        found = self._matcher(name)
        return None if found is None or found.lastindex is None else self._patterns[found.lastindex - 1]


def _entries_of(table: Table) -> Iterator[_Entry]:
    """The names that one ``[[function]]`` speaks of."""
    table.only(*_KEYS)
    forms = [form for form in _FORMS if form in table]
    if not forms:
        table.fail(f"a [[function]] needs one of {', '.join(_FORMS)}")
    if not any(key in table for key in (*_EFFECTS, "returns", "stops", *_FLAGS)):
        table.fail('a [[function]] says nothing about the function; "leaf = true" is the word for nothing')
    for form in forms:
        text = table.text(form)
        if form in ("names", "pattern"):
            for name in text.split():
                if ("*" in name) != (form == "pattern"):
                    table.fail(f'{name!r}: "pattern" is for names with *, "names" for those without', name)
                yield _Entry(name, table, None)
            continue
        text = text if text.rstrip().endswith(";") else text + ";"
        end = 0
        for match in _DECLARATION.finditer(text):
            yield _Entry(match[2], table, match[1])
            end = match.end()
        if not end or text[end:].strip():
            table.fail(f"{text[end:].strip()!r} in {form} is no declaration; each ends in a semicolon")


def _build(entry: _Entry, name: str, kinds: dict[str, Kind]) -> Model:
    table = entry.table
    line = table.line_of(entry.name)
    where = f"{table.path}:{line}"
    if entry.prototype is None:
        prototype = cexpr.Prototype(name, (), True, ir.UnknownType())
    else:
        prototype = cexpr.parse_prototype(entry.prototype, where)
    builder = _Builder(table, prototype.names, where, kinds)
    return Model(
        name=name,
        params=prototype.names,
        types=tuple(kind for _, kind in prototype.params),
        variadic=prototype.variadic,
        result=prototype.returns,
        effects=tuple(builder.effects()),
        returns=builder.optional(table, "returns"),
        leaf=table.flag("leaf"),
        noreturn=table.flag("noreturn"),
        loop=table.flag("loop"),
        stops=builder.optional(table, "stops"),
        pattern=entry.name if entry.name != name else "",
        path=str(table.path),
        line=line,
    )


class _Builder:
    """The effects of one table, for one prototype."""

    def __init__(self, table: Table, params: Collection[str], where: str, kinds: dict[str, Kind]) -> None:
        self._table = table
        self._params = params
        self._where = where
        self._kinds = kinds

    def effects(self) -> Iterator[Effect]:
        """All effects, in the order in which the table has them."""
        for key in self._table:
            if key in _EFFECTS:
                for part in self._table.parts(key, scalar="scope" if key == "enters" else None):
                    yield self._effect(key, part)

    def _effect(self, key: str, part: Table) -> Effect:
        if key in ("acquires", "tries"):
            part.only("lock", "class", "kind", "shared", "when")
            lock, lock_class, kind = self._lock(part)
            when = self.optional(part, "when", result=True)
            return Acquire(lock, lock_class, kind, part.flag("shared"), when, key == "acquires")
        if key == "releases":
            part.only("lock", "class", "kind", "when")
            return Release(*self._lock(part), self.optional(part, "when", result=True))
        if key == "allocates":
            part.only("mask", "order", "size", "when")
            mask = self._expression(part, part.text("mask"))
            order, size = self.optional(part, "order"), self.optional(part, "size")
            return Allocate(mask, order, size, self.optional(part, "when"))
        if key == "enters":
            part.only("scope")
            return EnterScope(self._scope(part))
        if key == "leaves":
            part.only("scope", "cookie")
            return LeaveScope(self._scope(part), self._expression(part, part.text("cookie")))
        if key == "calls":
            part.only("function", "args")
            args = tuple(self._expression(part, arg) if arg else None for arg in part.texts("args"))
            return CallBack(self._expression(part, part.text("function")), args)
        if key == "asserts":
            part.only("lock", "shared")
            return AssertHeld(self._expression(part, part.text("lock")), part.flag("shared"))
        if key == "prepares":
            part.only("lock", "kind", "units", "reclass")
            lock = self._expression(part, part.text("lock"))
            kind = part.text("kind", default="")
            if kind and kind not in self._kinds:
                part.unknown("kind of lock", kind, sorted(self._kinds))
            return Prepare(lock, kind, self.optional(part, "units"), part.flag("reclass"))
        if key == "warns":
            part.only("when")
            return Warn(self._expression(part, part.text("when")))
        part.only("target", "value")
        value = self.optional(part, "value")
        return AssignTo(self._expression(part, part.text("target")), ir.Opaque() if value is None else value)

    def optional(self, part: Table, key: str, *, result: bool = False) -> ir.Expr | None:
        """The expression under ``key``, None where there is none; ``result`` says whether it may use that
        name.
        """
        return self._expression(part, part.text(key), result=result) if key in part else None

    def _expression(self, part: Table, text: str, *, result: bool = False) -> ir.Expr:
        params = {*self._params, "result"} if result else self._params
        expression = cexpr.parse_expression(text, params, self._where)
        for name in sorted(cexpr.names_in(expression)):
            # Constants, flags and global locks are upper case or reached through &; a lower-case
            # value that is no parameter is a slip of the pen.
            if name in params or name.upper() == name or f"&{name}" in text.replace(" ", ""):
                continue
            part.unknown("parameter", name, sorted(params))
        return expression

    def _lock(self, part: Table) -> tuple[ir.Expr | None, str | None, str]:
        if ("lock" in part) == ("class" in part):
            part.fail('a lock needs either "lock" (a C expression for a pointer to it) or "class" (a name)')
        kind = part.text("kind")
        if kind not in self._kinds:
            part.unknown("kind of lock", kind, sorted(self._kinds))
        if "class" in part:
            return None, part.text("class"), kind
        return self._expression(part, part.text("lock")), None, kind

    def _scope(self, part: Table) -> str:
        scope = part.text("scope")
        if scope not in SCOPES:
            part.unknown("scope", scope, SCOPES)
        return scope
