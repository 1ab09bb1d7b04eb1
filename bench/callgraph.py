"""Compares the calls that gcc saw with those that gfplint sees, folder by folder.

    python bench/callgraph.py TREE BUILD FOLDER… [--show N] [--all]

TREE is a kernel tree, BUILD a build folder of it whose FOLDERs were compiled with gcc's
``-fcallgraph-info`` (bench/README.md has the commands). Compared is what ``gfplint --kconfig BUILD/.config
--dump calls`` prints for the files that gcc's edges lie in, headers included. Counted is every place (file,
line, column) and callee, once per folder, as far as the callee is a lock, allocation or scope function, or
leads to one by gcc's own graph of the FOLDERs, or is unknown and may; ``--all`` counts leaves too.

A call of gcc's is *found* where gfplint has a call of that name in the lines that the call, or the macro
which it comes from, covers. It is *modelled* where gfplint has, at that very place, a function or macro
with an API model, or where the call lies in the body of a function with one: what that does is the
model's to say. Where the callee itself takes locks, allocates or is a scope, the model must have an effect of
that kind. The rest is missing, and is listed by cause.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.gccgraph import INDIRECT, Edge, Graph
from gfplint.frontend.source import ItemKind, split
from gfplint.kernel.tree import KernelTree
from gfplint.models import Acquire, Allocate, CallBack, EnterScope, LeaveScope, Model, Models, Release
from gfplint.program.program import Program
from gfplint.resources import rules_directory

_HEAD = re.compile(r"(\S+?):(\d+):(\d+): (\w*)\(\)(?: \[(.*)\])?$")
_CALL = re.compile(r"    (\d+):(\d+) (.*?)(?: via ([\w>]+))? -> (.*)$")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_SYSCALL = re.compile(r"^__(?:do|se)_(?=(?:compat_)?sys_)")
_KINDS = {
    Acquire: "lock", Release: "lock", Allocate: "allocation", EnterScope: "scope", LeaveScope: "scope",
    CallBack: "callback",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One call of ``gfplint --dump calls``."""

    line: int
    column: int
    name: str
    via: str
    target: str

    @property
    def modelled(self) -> bool:
        return self.target.startswith("model ")

    @property
    def indirect(self) -> bool:
        """Through a pointer."""
        return not self.modelled and (
            self.target.startswith(("by value", "what callers pass", "stored"))
            or self.target.endswith(("no target is known", "functions are possible"))
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A function definition: its lines, and whether the configuration builds it."""

    first: int
    last: int
    name: str
    kind: ItemKind
    active: bool


class Seen:
    """What gfplint sees of the files that matter."""

    def __init__(self, program: Program, calls: dict[str, list[Call]]) -> None:
        self._program = program
        self._calls = calls

    def between(self, path: str, first: int, last: int) -> list[Call]:
        """The calls in some lines of a file."""
        calls = self._calls.get(path, [])
        start = bisect_right(calls, first - 1, key=lambda call: call.line)
        return calls[start : bisect_right(calls, last, key=lambda call: call.line)]

    @cache  # noqa: B019 - one object per run
    def _file(self, path: str) -> tuple[bytes, list[int], list[Span]]:
        source = split(path, self._program.tree.read(path), self._program.configuration(path))
        spans = [
            Span(
                source.position(item.start)[0],
                source.position(item.end)[0],
                item.name,
                item.kind,
                item.active,
            )
            for item in source.items
            if item.kind in (ItemKind.FUNCTION, ItemKind.GUARD, ItemKind.OTHER, ItemKind.VARIABLE)
        ]
        starts = [0, *(match.end() for match in re.finditer(rb"\n", source.text))]
        return source.text, starts, spans

    def function(self, path: str, line: int) -> Span | None:
        """The definition around a line."""
        return next((span for span in self._file(path)[2] if span.first <= line <= span.last), None)

    def word(self, path: str, line: int, column: int) -> tuple[str, int]:
        """The identifier at a place, and the last line of the argument list behind it."""
        text, starts, _ = self._file(path)
        if line > len(starts):
            return "", line
        at = starts[line - 1] + column - 1
        match = _WORD.match(text, at)
        if match is None:
            return "", line
        return match[0].decode(), bisect_right(starts, _end_of_arguments(text, match.end()))


def _end_of_arguments(text: bytes, at: int) -> int:
    """The offset of the parenthesis that closes the one behind ``at``, or ``at``."""
    begin = at
    while text[at : at + 1].isspace():
        at += 1
    depth = 0
    for match in re.finditer(rb"[(){};]", text[at : at + 20_000]):
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        if depth == 0:
            return at + match.start() if match[0] == b")" else begin
    return begin


class Kinds:
    """What the models say of names."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def model(self, name: str) -> Model | None:
        return self._models.get(name)

    def of(self, name: str) -> set[str]:
        """``lock``, ``allocation``, ``scope``, ``callback``; empty for leaves and unknown names."""
        model = self._models.get(name)
        return {_KINDS[type(each)] for each in model.effects if type(each) in _KINDS} if model else set()


def judge(edge: Edge, seen: Seen, kinds: Kinds) -> str:
    """``found``, ``modelled``, ``split``, or, with a first word ``missing``, the cause of a miss."""
    if edge.path.startswith("/"):
        return "missing: in a generated file"
    word, last = seen.word(edge.path, edge.line, edge.column)
    around = seen.function(edge.path, edge.line)
    calls = seen.between(edge.path, edge.line, last)
    if edge.callee == INDIRECT:
        if any(call.indirect for call in calls):
            return "found"
    elif any(edge.callee in (call.name, call.target.partition(" ")[0]) for call in calls):
        return "found"
    if any(call.indirect and (call.line, call.column) == (edge.line, edge.column) for call in calls):
        return "found"  # gcc knows what the pointer holds
    if edge.split:
        return "split"
    if around is not None and around.first == edge.line and _SYSCALL.sub("", edge.callee) == around.name:
        return "found"  # the parts that SYSCALL_DEFINE() makes of a function are one to gfplint
    here = [call for call in calls if call.modelled and (call.line, call.column) == (edge.line, edge.column)]
    here += [call for call in calls if call.modelled and call.via and call.via.split(">")[0] == word]
    want = kinds.of(edge.callee) - {"callback"}
    if want and not any(want <= kinds.of(call.name) for call in here):
        here += [call for call in calls if call.modelled]  # in an argument, inside likely() and the like
    if any(want <= kinds.of(call.name) for call in here):
        return "modelled"
    if around is not None and kinds.model(around.name) is not None and edge.path.endswith(".h"):
        return (
            "modelled"
            if want <= kinds.of(around.name)
            else f"missing: {around.name}'s model has no such effect"
        )
    if around is not None and around.kind is ItemKind.GUARD:
        return "modelled"  # a guard's parts are understood where it is used
    inside = kinds.model(edge.caller)
    if (
        inside is not None
        and (around is None or around.name != edge.caller)
        and want <= kinds.of(edge.caller)
    ):
        return "modelled"  # the body of a function that a macro makes, tracepoints above all
    if here:
        return f"missing: the model of {here[0].name} has no such effect"
    if around is not None and around.kind is not ItemKind.FUNCTION and around.active:
        return "missing: in a function that a macro at file scope makes"
    if around is None:
        return "missing: outside of every definition that the front end finds"
    if not around.active:
        return "missing: in an arm of #if that isn't read"
    if word and word != edge.callee and edge.callee != INDIRECT:
        return "missing: in a macro's expansion"
    if edge.callee == INDIRECT:
        return "missing: through a pointer"
    return "missing: others"


def dumped(tree: Path, config: Path | None, paths: list[str]) -> dict[str, list[Call]]:
    """``gfplint --dump calls`` of some files of the tree: file → calls by line."""
    command = [sys.executable, "-m", "gfplint", *(["--kconfig", str(config)] if config else [])]
    command += ["--dump", "calls"]
    root = Path(__file__).resolve().parent.parent
    result: dict[str, list[Call]] = defaultdict(list)
    for first in range(0, len(paths), 800):
        files = [str(tree / path) for path in paths[first : first + 800]]
        run = subprocess.run([*command, *files], capture_output=True, text=True, errors="replace", cwd=root)
        if run.returncode:
            sys.exit(f"callgraph: gfplint failed: {run.stderr.strip()}")
        path = ""
        for line in run.stdout.splitlines():
            if head := _HEAD.match(line):
                path = head[1]
            elif call := _CALL.match(line):
                target = call[5].removesuffix(" [never reached]")
                result[path].append(Call(int(call[1]), int(call[2]), call[3], call[4] or "", target))
    for calls in result.values():
        calls.sort(key=lambda each: (each.line, each.column))
    return result


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tree", type=Path, help="a kernel tree")
    parser.add_argument("build", type=Path, help="a build folder of it, with .ci files and .config")
    parser.add_argument("folders", nargs="+", help="folders of the tree that were built")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N misses of each cause")
    parser.add_argument("--all", action="store_true", help="count calls that lead nowhere, too")
    options = parser.parse_args()
    tree = KernelTree.discover(
        options.tree, kernel=options.tree, kconfig=options.build / ".config", arch="x86", jobs=1
    )
    models = Models.load([rules_directory()], tree.version)
    kinds = Kinds(models)
    program = Program(tree, models)
    graph = Graph(options.tree, options.build)
    folders = {folder.strip("/"): graph.edges(folder) for folder in options.folders}
    names = graph.defined | {edge.callee for edges in folders.values() for edge in edges}
    stops = {name for name in names if kinds.model(name) is not None}
    unknown = {name for name in names - graph.defined - stops if name != INDIRECT}
    leading = graph.leading_to({name for name in names if kinds.of(name)} | unknown | {INDIRECT}, stops)
    leaves = {name for name in stops if not kinds.of(name)}
    print(f"{'folder':28} {'calls':>8} {'found':>8} {'modelled':>8} {'missing':>8} {'seen %':>8}")
    causes: dict[str, list[str]] = defaultdict(list)
    for folder, edges in folders.items():
        places = {
            (edge.path, edge.line, edge.column, edge.callee): edge
            for edge in edges
            if edge.path and (options.all or (edge.callee in leading and edge.callee not in leaves))
        }
        paths = sorted({edge.path for edge in places.values() if not edge.path.startswith("/")})
        seen = Seen(program, dumped(options.tree, options.build / ".config", paths))
        count: Counter[str] = Counter()
        for edge in places.values():
            verdict = judge(edge, seen, kinds)
            count[verdict.partition(":")[0]] += 1
            if verdict.startswith("missing"):
                causes[verdict].append(
                    f"{edge.path}:{edge.line}:{edge.column}: {edge.callee}() in {edge.caller}()"
                )
        total = len(places) - count["split"]
        share = 100 * (total - count["missing"]) / total if total else 100.0
        print(
            f"{folder:28} {total:8} {count['found']:8} {count['modelled']:8} {count['missing']:8}"
            f" {share:8.3f}",
            flush=True,
        )
    for cause in sorted(causes, key=lambda each: (-len(causes[each]), each)):
        print(f"{len(causes[cause]):6} {cause}")
        for text in causes[cause][: options.show]:
            print(f"         {text}")


if __name__ == "__main__":
    main()
