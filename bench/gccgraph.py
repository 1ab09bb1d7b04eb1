"""What gcc's ``-fcallgraph-info`` wrote: the calls of a build, by file and line.

What comes in: a build folder (``make O=…``) with ``.ci`` files beside the objects. What goes out: edges, with
paths relative to the kernel tree, and names as the source writes them.

gcc writes a ``.ci`` per object after inlining: the calls of an inlined function appear under its caller, at
the line of the inlined function's own text; a call inside a macro's expansion at the place where the
outermost macro is used. An edge without a place was made by the compiler (stack protector, ``memset`` of an
initialiser).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_EDGE = re.compile(
    r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"(?: label: "([^"]*):(\d+):(\d+)")? \}'
)
_NODE = re.compile(r'node: \{ title: "([^"]*)" label: "[^"]*"( shape : ellipse)? \}')
_SHELLS = re.compile(r"__(?:do|se|x64|ia32)_(?:compat_)?sys_")
"""What ``SYSCALL_DEFINE`` makes of one function: shells around each other, whose calls no source has."""
_CLONE = re.compile(r"\.(?:isra|constprop|part|cold|localalias|lto_priv)\b.*")
INDIRECT = "__indirect_call"
"""gcc's name for what a call through a pointer calls."""


@dataclass(frozen=True, slots=True)
class Edge:
    """``caller`` calls ``callee`` at a place of the source; ``path`` is "" for calls the compiler made.

    ``split``: the callee is the outlined part of a function of that name (``f.part.0``), or a shell of a
    system call.
    """

    caller: str
    callee: str
    path: str
    line: int
    column: int
    split: bool


def source_name(title: str) -> str:
    """``drivers/x.c:f.isra.0`` → ``f``; a static trampoline ``__SCT__f`` → ``f``."""
    name = _CLONE.sub("", title.rpartition(":")[2]).removeprefix("*")
    return name.removeprefix("__SCT__")


class Graph:
    """Edges of some folders, and what leads where."""

    def __init__(self, tree: Path, build: Path) -> None:
        self.tree, self.build = tree.resolve(), build.resolve()
        self.defined: set[str] = set()
        """Names of the functions that one of the objects defines."""
        self._callers: dict[str, set[str]] = {}

    def edges(self, folder: str) -> list[Edge]:
        """Every different edge of a folder's objects, in the order of the sources."""
        found: set[Edge] = set()
        for file in sorted((self.build / folder).rglob("*.ci")):
            found.update(self._edges_of(file))
        return sorted(found, key=lambda each: (each.path, each.line, each.column, each.callee, each.caller))

    def _edges_of(self, file: Path) -> Iterator[Edge]:
        text = file.read_text("utf-8", "replace")
        for title, external in _NODE.findall(text):
            if not external:
                self.defined.add(source_name(title))
        for caller, callee, path, line, column in _EDGE.findall(text):
            edge = Edge(
                source_name(caller), source_name(callee), self.relative(path),
                int(line or 0), int(column or 0), ".part." in callee or bool(_SHELLS.match(callee)),
            )  # fmt: skip
            self._callers.setdefault(edge.callee, set()).add(edge.caller)
            yield edge

    def relative(self, path: str) -> str:
        """A path as gcc writes it → relative to the tree; a generated file keeps its whole path."""
        if not path:
            return ""
        absolute = (self.build / path).resolve()
        return str(absolute.relative_to(self.tree)) if absolute.is_relative_to(self.tree) else str(absolute)

    def leading_to(self, ends: Iterable[str], stops: Iterable[str]) -> set[str]:
        """The functions from which calls lead to one of ``ends`` without going through ``stops``."""
        stopping = set(stops)
        reached: set[str] = set()
        work = list(ends)
        while work:
            name = work.pop()
            if name not in reached:
                reached.add(name)
                work.extend(self._callers.get(name, set()) - stopping)
        return reached
