"""Preprocessor directives: where they are, which arms of ``#if`` a configuration chooses.

What comes in: text without comments, and a configuration. What goes out: :class:`Directives`, the
arms that were not chosen as a tree, the macro definitions, and every directive's place. A directive
that makes no sense (an ``#endif`` too many, an ``#if`` never closed) is taken as it comes; nothing
raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class Configuration(Protocol):
    """What must be known of a kernel configuration: :class:`gfplint.kernel.kconfig.Config`."""

    def enabled(self, name: str) -> bool:
        """Is ``CONFIG_X`` y or m?"""
        ...

    def decide(self, directive: str, defined: Callable[[str], bool | None]) -> bool:
        """Does ``ifdef X``, ``if EXPR``, … choose the arm that follows?"""
        ...


@dataclass(slots=True)
class Arm:
    """An arm that was not chosen: the text between two directives. ``dead`` are those inside it that
    would not be chosen if it were. ``assembly`` arms hold no C.
    """

    start: int
    end: int
    assembly: bool
    dead: list[Arm] = field(default_factory=list)


@dataclass(slots=True)
class Definition:
    """A ``#define``: the whole logical line, without its newline."""

    name: str
    name_at: int
    start: int
    end: int
    active: bool


@dataclass(slots=True)
class Directives:
    """What the directives of one file say. ``places`` are (start, end) of all of them, in order."""

    places: list[tuple[int, int]] = field(default_factory=list)
    dead: list[Arm] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)


_LINE = re.compile(rb"#[ \t]*([A-Za-z_]*)([^\n\\]*(?:\\(?:[ \t]*\r?\n|.)?[^\n\\]*)*)")
_DEFINE = re.compile(rb"(?:[ \t]|\\\r?\n)*([A-Za-z_$][\w$]*)")
_CONTINUED = re.compile(rb"\\[ \t]*\r?\n")
_ONE_CONFIG = re.compile(
    r"if(n?)def\s+(CONFIG_\w+)|if\s+(!?)\s*(?:IS_ENABLED|defined)\s*\(\s*(CONFIG_\w+)\s*\)\s*$"
)
_BLANKS = b" \t\f\v"


@dataclass(slots=True)
class _Group:
    """An ``#if`` … ``#endif`` being read. ``alive``: it stands in text that is read at all."""

    taken: bool
    arm: Arm | None
    """The arm being read, if it was not chosen."""
    parent: list[Arm]
    """Where unchosen arms of this group belong."""
    assembly: bool = False
    """The group asks whether an assembler reads the file, so an arm that is not chosen is for one."""


def read_directives(text: bytes, config: Configuration) -> Directives:
    """All directives of ``text`` (comments blanked), decided by ``config``."""
    result = Directives()
    at = text.find(b"#")
    if at < 0:
        return result
    groups: list[_Group] = []
    defined: dict[str, bool] = {}
    here = result.dead  # where an unchosen arm that opens now belongs
    depth_dead = 0
    places = result.places
    definitions = result.definitions
    while at >= 0:
        line = text.rfind(b"\n", 0, at) + 1
        if text[line:at].strip(_BLANKS) or text[line - 2 : line] == b"\\\n":
            at = text.find(b"#", at + 1)
            continue
        match = _LINE.match(text, at)
        assert match is not None  # the pattern can match a lone '#'
        end = match.end()
        word = match.group(1)
        places.append((at, end))
        if word == b"define":
            name_match = _DEFINE.match(text, match.start(2), end)
            if name_match is not None:
                name = name_match.group(1).decode("ascii", "replace")
                definitions.append(Definition(name, name_match.start(1), at, end, not depth_dead))
                if not depth_dead:
                    defined[name] = True
        elif word == b"undef":
            if not depth_dead:
                defined[match.group(2).decode("ascii", "replace").strip()] = False
        elif word in (b"if", b"ifdef", b"ifndef"):
            group = _Group(False, None, here)
            groups.append(group)
            directive = _directive(text[at + 1 : end])
            group.taken = _decide(directive, config, defined)
            group.assembly = "__ASSEMBL" in directive
            if not group.taken:
                group.arm = Arm(end, len(text), group.assembly)
                here = group.arm.dead
                depth_dead += 1
        elif word in (b"elif", b"else", b"elifdef", b"elifndef") and groups:
            group = groups[-1]
            if group.arm is not None:
                group.arm.end = at
                group.parent.append(group.arm)
                group.arm = None
                depth_dead -= 1
            directive = _directive(text[at + 1 : end])
            chosen = not group.taken and (word == b"else" or _decide(directive[2:], config, defined))
            if chosen:
                group.taken = True
                here = group.parent
            else:
                group.arm = Arm(end, len(text), group.assembly)
                here = group.arm.dead
                depth_dead += 1
        elif word == b"endif" and groups:
            group = groups.pop()
            if group.arm is not None:
                group.arm.end = at
                group.parent.append(group.arm)
                depth_dead -= 1
            here = group.parent
        at = text.find(b"#", end)
    while groups:
        group = groups.pop()
        if group.arm is not None:
            group.parent.append(group.arm)
    return result


def _directive(raw: bytes) -> str:
    """The words of a directive without its ``#``, on one line."""
    return " ".join(_CONTINUED.sub(b" ", raw).decode("utf-8", "replace").split())


def _decide(directive: str, config: Configuration, defined: dict[str, bool]) -> bool:
    """``directive`` starts with ``if``; what ``elif`` says is passed without its first two letters."""
    simple = _ONE_CONFIG.match(directive)
    if simple is not None:
        plain, name, negated, other = simple.groups()
        if name is not None:
            return config.enabled(name) != bool(plain)
        if other is not None:
            return config.enabled(other) != bool(negated)
    return config.decide(directive, defined.get)
