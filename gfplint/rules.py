"""Rules and the contexts of reclaim that they are about, loaded from ``GFP*.toml`` and ``contexts/*.toml``.

What comes in: folders laid out like ``rules/``. What goes out: :class:`Rules`, with a :class:`Rule` by its id
and a :class:`Context` by its. docs/writing-rules.md is the reference of the format.

Reading the TOML is all that loading does; expressions are parsed (pycparser) when a rule or context is first
asked for, so that ``--list-rules`` and ``--explain`` start as fast as they can. :meth:`Rules.check` builds
them all.

Errors: :class:`gfplint.errors.ModelError` with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gfplint import cexpr, ir
from gfplint.rule_scopes import ScopeKind, ScopeProblem, read_problems, read_scopes
from gfplint.toml import Table, Version, read_toml

KINDS = ("lock-held", "chain", "inside", "scope")
"""What a rule looks for: an allocation under a lock that the context's callbacks wait for, one under a lock
for which the holder of such a lock waits, one inside a callback, or a scope that is entered and not left,
whatever the context.
"""

SEVERITIES = ("error", "warning", "note")

WAY_NAMES = ("mask", "order", "version")
"""What a way's condition may speak of: the allocation's effective mask, its order, the tree's
KERNEL_VERSION().
"""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to deadlock. It applies where ``when`` (over :data:`WAY_NAMES`) is true, or can't be excluded.

    ``why`` is a sentence in which ``{lock}``, ``{callback}``, ``{context}``, ``{mask}`` and ``{function}``
    stand for the finding's own.
    """

    name: str
    title: str
    when: ir.Expr
    why: str


@dataclass(frozen=True, slots=True)
class Unsaved:
    """Why something that looks as if it helped doesn't: printed where ``when`` is surely true."""

    when: ir.Expr
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``allocation`` is what an allocation's mask must satisfy to be of interest.

    ``aliases`` maps a flag to the name under which older trees have it: (name, older name) pairs. ``cwe`` are
    numbers. ``help`` is Markdown. ``contexts`` are ids of :class:`Context`.
    """

    id: str
    name: str
    title: str
    summary: str
    message: str
    kind: str
    contexts: tuple[str, ...]
    allocation: ir.Expr
    aliases: tuple[tuple[str, str], ...]
    ways: tuple[Way, ...]
    unsaved: tuple[Unsaved, ...]
    fixes: tuple[str, ...]
    severity: str
    cwe: tuple[int, ...]
    help: str
    path: str
    line: int
    problems: tuple[ScopeProblem, ...] = ()
    scopes: tuple[ScopeKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Callback:
    """A function that reclaim calls, as its prototype has it.

    ``mask``: where the callback sees the mask of the allocation that reclaims, in terms of ``params``; None
    if it doesn't. ``assume``: what holds at the entry whenever the call matters for the context.
    """

    name: str
    params: tuple[str, ...]
    types: tuple[ir.Type, ...]
    mask: ir.Expr | None
    assume: tuple[ir.Expr, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """How callbacks come to be called.

    By a call: ``function`` with ``params`` and ``types``; ``callbacks`` are lvalues in terms of the
    parameters, which hold the callbacks at the call. By being stored in a table of functions, whoever uses
    that: ``function`` is None, ``table`` is the struct's type and ``callbacks`` are its fields, each an
    :class:`ir.Global` of that name. ``names`` says which :class:`Callback` each one is.
    """

    function: str | None
    params: tuple[str, ...]
    types: tuple[ir.Type, ...]
    variadic: bool
    table: ir.Type | None
    callbacks: tuple[ir.Expr, ...]
    names: tuple[str, ...]
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the kernel's way to the callback: ``function`` (without parentheses) and what it does
    there.
    """

    function: str
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """A context of reclaim: how the kernel gets there, what it holds, what is registered where."""

    id: str
    title: str
    thread: str
    steps: tuple[Step, ...]
    holds: tuple[str, ...]
    callbacks: tuple[Callback, ...]
    registrations: tuple[Registration, ...]
    only_through: tuple[tuple[str, str], ...]
    """(struct tag, field) pairs through which nothing but the context calls its callbacks."""
    path: str
    line: int

    def callback(self, name: str) -> Callback:
        """The callback called ``name``."""
        return next(each for each in self.callbacks if each.name == name)


class Rules:
    """All rules and contexts of some folders, for one kernel version."""

    def __init__(self, version: Version | None = None) -> None:
        self._version = version
        self._rule_tables: dict[str, Table] = {}
        self._context_tables: dict[str, Table] = {}
        self._rules: dict[str, Rule] = {}
        self._contexts: dict[str, Context] = {}

    @classmethod
    def load(cls, dirs: Iterable[Path], version: Version | None = None) -> Rules:
        """Read ``DIR/*.toml`` and ``DIR/contexts/*.toml`` of every folder; a later folder replaces an earlier
        one's.

        ``version``: the tree's, for ``since`` and ``until``; None means the newest.
        """
        rules = cls(version)
        for folder in dirs:
            for path in sorted((folder / "contexts").glob("*.toml")):
                table = read_toml(path)
                rules._context_tables[table.text("id")] = table
            for path in sorted(folder.glob("*.toml")):
                table = read_toml(path)
                rules._rule_tables[table.text("id")] = table
        return rules

    @property
    def ids(self) -> tuple[str, ...]:
        """The rules' ids, sorted."""
        return tuple(sorted(self._rule_tables))

    @property
    def context_ids(self) -> tuple[str, ...]:
        """The contexts' ids, sorted."""
        return tuple(sorted(self._context_tables))

    def rule(self, id: str) -> Rule:
        """The rule ``id``; :class:`KeyError` where there is none."""
        if id not in self._rules:
            self._rules[id] = _rule(self._rule_tables[id], self.context_ids)
        return self._rules[id]

    def context(self, id: str) -> Context:
        """The context ``id``; :class:`KeyError` where there is none."""
        if id not in self._contexts:
            self._contexts[id] = _context(self._context_tables[id], self._version)
        return self._contexts[id]

    def __iter__(self) -> Iterator[Rule]:
        """All rules by id."""
        return (self.rule(id) for id in self.ids)

    def only_through(self) -> frozenset[tuple[str, str]]:
        """(struct tag, field) pairs that are the affair of one context alone, of all contexts together."""
        return frozenset(pair for id in self.context_ids for pair in self.context(id).only_through)

    def check(self) -> None:
        """Build everything; raises :class:`ModelError` at the first thing that is wrong."""
        for id in self.ids:
            self.rule(id)
        for id in self.context_ids:
            self.context(id)


_BRACES = re.compile(r"\{(\w*)\}")
_PLACEHOLDERS = ("callback", "context", "function", "lock", "mask", "waited")
_RULE_KEYS = (
    *(
        "id",
        "name",
        "title",
        "summary",
        "message",
        "kind",
        "contexts",
        "allocation",
        "aliases",
        "way",
        "unsaved",
    ),
    *("fixes", "severity", "cwe", "help"),
)
_SCOPE_RULE_KEYS = (
    *("id", "name", "title", "summary", "kind", "severity", "cwe", "help"),
    *("problem", "scope"),
)


def _rule(table: Table, contexts: tuple[str, ...]) -> Rule:
    of_scopes = "kind" in table and table.text("kind") == "scope"
    table.only(*(_SCOPE_RULE_KEYS if of_scopes else _RULE_KEYS))
    name = table.text("name")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        table.fail(f"{name!r} is no name for a rule: small letters, digits and single hyphens", "name")
    if of_scopes:
        return _scope_rule(table, name)
    for context in table.texts("contexts"):
        if context not in contexts:
            table.unknown("context", context, contexts)
    return Rule(
        id=table.text("id"),
        name=name,
        title=table.text("title"),
        summary=table.text("summary"),
        message=_template(table, "message", table.text("message")),
        kind=_choice(table, "kind", KINDS),
        contexts=table.texts("contexts"),
        allocation=_condition(table, "allocation"),
        aliases=table.pairs("aliases"),
        ways=tuple(_way(each) for each in table.tables("way")),
        unsaved=tuple(_unsaved(each) for each in table.tables("unsaved")),
        fixes=tuple(_template(table, "fixes", fix) for fix in table.texts("fixes")),
        severity=_choice(table, "severity", SEVERITIES),
        cwe=table.numbers("cwe"),
        help=table.text("help"),
        path=str(table.path),
        line=table.line_of("id"),
    )


def _scope_rule(table: Table, name: str) -> Rule:
    """A rule of kind ``scope``: it has no contexts and no mask, and its sentences depend on what is wrong."""
    return Rule(
        id=table.text("id"),
        name=name,
        title=table.text("title"),
        summary=table.text("summary"),
        message="",
        kind="scope",
        contexts=(),
        allocation=ir.Const(0),
        aliases=(),
        ways=(),
        unsaved=(),
        fixes=(),
        severity=_choice(table, "severity", SEVERITIES),
        cwe=table.numbers("cwe"),
        help=table.text("help"),
        path=str(table.path),
        line=table.line_of("id"),
        problems=read_problems(table),
        scopes=read_scopes(table),
    )


def _way(table: Table) -> Way:
    table.only("name", "title", "when", "why")
    why = _template(table, "why", table.text("why"))
    return Way(table.text("name"), table.text("title"), _condition(table, "when"), why)


def _unsaved(table: Table) -> Unsaved:
    table.only("when", "why")
    return Unsaved(_condition(table, "when"), _template(table, "why", table.text("why")))


def _choice(table: Table, key: str, known: tuple[str, ...]) -> str:
    value = table.text(key)
    if value not in known:
        table.unknown(key, value, known)
    return value


def _template(table: Table, key: str, text: str) -> str:
    for word in _BRACES.findall(text):
        if word not in _PLACEHOLDERS:
            table.unknown(f"placeholder in {key!r}", word, _PLACEHOLDERS)
    return text


def _condition(table: Table, key: str) -> ir.Expr:
    """An expression over an allocation: lower-case names are those of :data:`WAY_NAMES`."""
    expression = cexpr.parse_expression(table.text(key), WAY_NAMES, table.place(key))
    for name in sorted(cexpr.names_in(expression)):
        if name not in WAY_NAMES and name.upper() != name:
            table.unknown("name", name, WAY_NAMES)
    return expression


def _context(table: Table, version: Version | None) -> Context:
    table.only("id", "title", "thread", "steps", "holds", "only_through", "callback", "registration")
    callbacks = tuple(_callback(each) for each in table.tables("callback") if each.applies(version))
    known = tuple(each.name for each in callbacks)
    steps = []
    for step in table.parts("steps"):
        step.only("function", "text", "since", "until")
        if step.applies(version):
            steps.append(Step(step.text("function"), step.text("text")))
    return Context(
        id=table.text("id"),
        title=table.text("title"),
        thread=table.text("thread"),
        steps=tuple(steps),
        holds=table.texts("holds"),
        callbacks=callbacks,
        registrations=tuple(
            _registration(each, known) for each in table.tables("registration") if each.applies(version)
        ),
        only_through=tuple(_through(table, text) for text in table.texts("only_through")),
        path=str(table.path),
        line=table.line_of("id"),
    )


def _through(table: Table, text: str) -> tuple[str, str]:
    """``struct tag.field`` as the pair of both."""
    match = re.fullmatch(r"struct (\w+)\.(\w+)", text)
    if match is None:
        table.fail(f"{text!r} is no field of a struct: write 'struct tag.field'", "only_through")
    return match[1], match[2]


def _callback(table: Table) -> Callback:
    table.only("prototype", "mask", "assume", "since", "until")
    where = table.place("prototype")
    prototype = cexpr.parse_prototype(table.text("prototype"), where)
    params = prototype.names
    mask = cexpr.parse_expression(table.text("mask"), params, where) if "mask" in table else None
    assume = tuple(cexpr.parse_expression(text, params, where) for text in table.texts("assume"))
    for expression in (*assume, *([mask] if mask is not None else [])):
        for name in sorted(cexpr.names_in(expression)):
            if name not in params and name.upper() != name:
                table.unknown("parameter", name, params)
    return Callback(prototype.name, params, tuple(kind for _, kind in prototype.params), mask, assume)


def _registration(table: Table, known: tuple[str, ...]) -> Registration:
    table.only("prototype", "table", "callbacks", "since", "until")
    if ("prototype" in table) == ("table" in table):
        table.fail(
            'a [[registration]] needs either "prototype" (of a function) or "table" (a struct of functions)'
        )
    where = table.place("callbacks")
    prototype = None
    kind: ir.Type | None = None
    params: tuple[str, ...] = ()
    if "prototype" in table:
        prototype = cexpr.parse_prototype(table.text("prototype"), table.place("prototype"))
        params = prototype.names
    else:
        kind = cexpr.parse_prototype(f"{table.text('table')} f(void)", table.place("table")).returns
    expressions, names = [], []
    for text in table.texts("callbacks"):
        expression = cexpr.parse_expression(text, params, where)
        for name in sorted(cexpr.names_in(expression)):
            if prototype is not None and name not in params:
                table.unknown("parameter", name, params)
        names.append(expression.name if isinstance(expression, ir.Field | ir.Local | ir.Global) else text)
        expressions.append(expression)
        if names[-1] not in known:
            table.unknown("callback", names[-1], known)
    if not names:
        table.fail("the field 'callbacks' is missing")
    return Registration(
        function=prototype.name if prototype is not None else None,
        params=params,
        types=tuple(each for _, each in prototype.params) if prototype is not None else (),
        variadic=prototype is not None and prototype.variadic,
        table=kind,
        callbacks=tuple(expressions),
        names=tuple(names),
        path=str(table.path),
        line=table.line_of(),
    )
