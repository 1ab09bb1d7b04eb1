"""What lowering may ask about names that its file does not explain, answered from the whole tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from gfplint.frontend import guards, macros
from gfplint.frontend.dialect import Shape
from gfplint.frontend.guards import GuardDefinition
from gfplint.frontend.macros import MacroDefinition
from gfplint.frontend.source import ItemKind
from gfplint.kernel.trace import Memo

if TYPE_CHECKING:
    from gfplint.kernel.index import Site
    from gfplint.program.program import Program

GUARD_DEFINITIONS = (
    "DEFINE_GUARD",
    "DEFINE_GUARD_COND",
    "DEFINE_LOCK_GUARD_0",
    "DEFINE_LOCK_GUARD_1",
    "DEFINE_LOCK_GUARD_1_COND",
    "DEFINE_CLASS",
    "DEFINE_FREE",
)
_LOOP_HEAD = re.compile(rb"\s*(?:for|while|if|switch|else)\b")
_LOOP_TAIL = re.compile(rb"(?:\)|\belse|\bdo)\s*\Z")
_DECLARATION_HEAD = re.compile(rb"\s*(?:static|extern|typedef)\b")
_TYPE_ONLY = re.compile(
    rb"\s*(?:const\s+)?(?:struct|union|enum)\s+\w+[\s*]*\Z|\s*(?:unsigned|signed|long|int|short|char|void)[\w\s*]*\Z"
)
_RECORD = re.compile(rb"\s*(?:struct|union)\b[\w\s]*\{.*\}[\s\w]*\Z", re.S)
_ATTRIBUTE = re.compile(rb"\s*(?:__attribute__\s*\(\(.*\)\)\s*|__\w+\s*|inline\s*)*\Z", re.S)
_ONE_CALL = re.compile(rb"\s*([A-Za-z_]\w*)\s*\(")
_STATEMENT = re.compile(rb"\s*(?:do\b|\{)|.*;\s*\Z", re.S)
# The task and its flags are the analysis' own business (scopes); expanding them would hide them.
_KEPT = frozenset({"current"})


_Guards: TypeAlias = tuple[dict[str, GuardDefinition | None], dict[str, bytes]]
"""Guards and clean-up functions by their names."""


class TreeSymbols:
    """Implements :class:`gfplint.frontend.symbols.Symbols` for one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        trace = program.tree.trace
        self._macros: Memo[tuple[str, str], MacroDefinition | None] = Memo(trace, self._define)
        self._shapes: Memo[tuple[str, str], Shape | None] = Memo(trace, self._shape)
        self._all_guards: Memo[None, _Guards] = Memo(trace, self._find_guards)
        self._guards_of: Memo[str, _Guards] = Memo(trace, self._guards_in)

    def definition(self, name: str, path: str) -> MacroDefinition | None:
        """The macro that ``name`` is in ``path``; None where it is none, or a function is meant instead."""
        return self._macros((name, path))

    def _define(self, key: tuple[str, str]) -> MacroDefinition | None:
        name, path = key
        program = self._program
        found = program.find_item(name, path, program.tree.index.macros, ItemKind.MACRO)
        if found is None:
            return None
        place, item = found
        if not item.active and self._something_else(name, path):
            return None  # the configuration builds something else under this name
        if place != path and program.tree.index.replaces(name, place, path):
            return None
        file = program.part(place)
        if file is None:
            return None
        result = macros.parse_macro(file, item)
        if result.params is None and result.body.strip() == name.encode():
            return None  # `#define x x` only says that there is an x
        return result

    def _something_else(self, name: str, path: str) -> bool:
        """Whether ``name`` is a function, or an active declaration says what it is."""
        program, index = self._program, self._program.tree.index
        if program.resolve(name, path) is not None:
            return True

        def declared(name: str) -> tuple[Site, ...]:
            return (*index.variables(name), *index.prototypes(name))

        found = program.find_item(name, path, declared, ItemKind.VARIABLE, ItemKind.PROTOTYPE)
        return found is not None and found[1].active

    # --------------------------------------------------------------- the Symbols protocol

    def macro(self, name: str, path: str) -> MacroDefinition | None:
        """The definition to expand, None where the name must stay."""
        if name in _KEPT or self.modelled(name) or name.startswith(("GFP_", "__GFP_", "___GFP_")):
            return None
        return self.definition(name, path)

    def function(self, name: str, path: str) -> bool:
        """Whether a file that uses ``name`` means a function."""
        return self._program.resolve(name, path) is not None

    def modelled(self, name: str) -> bool:
        """Whether an API model describes the name (patterns don't count)."""
        return name in self._program.models

    def config(self, name: str) -> bool | None:
        """Whether a configuration symbol is on."""
        return self._program.tree.config.enabled(name)

    def shape(self, name: str, path: str) -> Shape | None:
        """What a use of macro ``name`` looks like to the grammar."""
        return self._shapes((name, path))

    def _shape(self, key: tuple[str, str]) -> Shape | None:
        name, path = key
        model = self._program.models.get(name)
        if model is not None:
            return Shape.LOOP if model.loop else Shape.EXPRESSION
        if name in self._program.tree.index.loop_macros:
            return Shape.LOOP
        definition = self.definition(name, path)
        if definition is None:
            return None
        body = definition.body
        if _ATTRIBUTE.match(body):
            return Shape.ATTRIBUTE
        if _LOOP_HEAD.match(body) and (_LOOP_TAIL.search(body) or not body.rstrip().endswith((b";", b"}"))):
            return Shape.LOOP
        if _TYPE_ONLY.match(body) or _RECORD.match(body):
            return Shape.TYPE
        if _DECLARATION_HEAD.match(body):
            return Shape.DECLARATION
        match = _ONE_CALL.match(body)
        if definition.params is not None and match is not None and match[1].decode() != name:
            # A macro that only passes on to a loop macro is one too, and so is one that makes a type.
            found = macros.arguments(body, match.end() - 1)
            if found is not None and found[1] == len(body.rstrip()) - 1:
                inner = self.shape(match[1].decode(), path)
                if inner is Shape.LOOP or inner is Shape.TYPE:
                    return inner
        return Shape.STATEMENT if _STATEMENT.match(body) else Shape.EXPRESSION

    # ------------------------------------------------------------------------------ guards

    def guard(self, name: str, path: str) -> GuardDefinition | None:
        """The definition behind ``guard(name)``."""
        local, _ = self._guards_of(path)
        found = local.get(name) or self._all_guards(None)[0].get(name)
        if found is not None and found.conditional and found.base:
            base = self.guard(found.base, path)
            return found.completed(base) if base is not None else None
        return found

    def free(self, name: str, path: str) -> bytes | str | None:
        """The text that ``__free(name)`` runs."""
        _, local = self._guards_of(path)
        if name in local:
            return local[name]
        return self._all_guards(None)[1].get(name)

    def _find_guards(self, _: None) -> _Guards:
        guards: dict[str, GuardDefinition | None] = {}
        frees: dict[str, bytes] = {}
        where: set[str] = set()
        for files in self._program.tree.index.mentions(GUARD_DEFINITIONS, headers=True).values():
            where.update(files)
        for path in sorted(where, key=lambda each: (not each.startswith("include/"), each)):
            found, texts = self._guards_of(path)
            for name, definition in found.items():
                guards.setdefault(name, definition)
            for name, text in texts.items():
                frees.setdefault(name, text)
        return guards, frees

    def _guards_in(self, path: str) -> _Guards:
        found: dict[str, GuardDefinition | None] = {}
        frees: dict[str, bytes] = {}
        file = self._program.part(path)
        for item in self._program.items_of_kind(path, ItemKind.GUARD):
            if file is None or not item.active:
                continue
            freed = guards.parse_free(file, item)
            if freed is not None:
                frees[freed[0]] = freed[1]
                continue
            definition = guards.parse_guard(file, item)
            if definition is not None:
                found[definition.name] = definition
        return found, frees
