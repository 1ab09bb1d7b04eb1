"""The lock order of all findings together: which callback waits for which lock, what is allocated under it.

Edges lead from what waits or holds to what is waited for or done meanwhile: a thread of the kernel calls a
callback, the callback waits for a lock, under the lock somebody waits for another lock or allocates. The
allocations enter reclaim, which waits for the callbacks again; that last edge closes every circle, and the
page draws it once for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gfplint.findings import Finding, Thread
from gfplint.report.html.view import awaited, by_confidence, taken, title_of

ALLOCATIONS_SHOWN = 8
"""Allocations under one lock (or in one callback) that get a node of their own; the others share one."""


@dataclass(slots=True)
class Node:
    """``kind`` is ``context``, ``callback``, ``lock`` or ``allocation``.

    ``findings`` are the numbers of those it is part of; ``query`` finds them by text.
    """

    kind: str
    label: str
    detail: str
    query: str
    findings: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Graph:
    """Nodes by key, in the order in which the findings name them, and edges with what they mean."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, key: str, node: Node, finding: int) -> str:
        """See to it that the node is there and knows the finding; its key."""
        known = self.nodes.setdefault(key, node)
        if finding not in known.findings:
            known.findings.append(finding)
        return key

    def connect(self, start: str, end: str, meaning: str) -> None:
        """An edge; the first meaning stays."""
        if start != end:
            self.edges.setdefault((start, end), meaning)


def graph(findings: Iterable[Finding]) -> Graph:
    """The graph of these findings, numbered in the page's order."""
    result = Graph()
    for number, finding in enumerate(by_confidence(findings)):
        _add(result, number, finding)
    return _gathered(result)


def _add(result: Graph, number: int, finding: Finding) -> None:
    allocation = Node("allocation", f"{finding.function}()", finding.place.path, finding.function)
    allocating = f"allocation {finding.place.path} {finding.function}"
    under_lock = finding.lock is not None
    if finding.lock:
        lock = result.add(
            f"lock {finding.lock.name}",
            Node("lock", finding.lock.name, finding.lock.kind, finding.lock.name),
            number,
        )
        result.connect(lock, result.add(allocating, allocation, number), "is held while it allocates")
    for thread in finding.threads:
        last = thread.steps[-1] if thread.steps else None
        wanted = awaited(last) if last else ""
        waited = f"lock {wanted}" if wanted else ""
        if waited:
            result.add(waited, Node("lock", wanted, "", wanted), number)
        callback = _callback(result, thread, number)
        if callback and waited:
            result.connect(callback, waited, "waits for")
        elif callback and not under_lock:
            result.connect(callback, result.add(allocating, allocation, number), "allocates")
        elif waited:
            for step in thread.steps:
                if held := taken(step):
                    key = result.add(f"lock {held}", Node("lock", held, "", held), number)
                    result.connect(key, waited, "is held while waiting for")


def _callback(result: Graph, thread: Thread, number: int) -> str:
    """The key of the callback that the thread runs, connected to what calls it; "" for another thread."""
    steps = list(thread.steps)
    registered = [position for position, step in enumerate(steps) if step.kind == "register"]
    if registered:
        candidates = steps[registered[-1] + 1 :]
    else:
        candidates = [step for step in steps if step.kind == "callback"]
    if not candidates:
        return ""
    step = candidates[0]
    path = step.place.path if step.place else ""
    callback = result.add(
        f"callback {path} {step.function}",
        Node("callback", f"{step.function}()", path, step.function),
        number,
    )
    title = title_of(thread) or "reclaim"
    context = result.add(f"context {title}", Node("context", title, "", title), number)
    result.connect(context, callback, "calls")
    return callback


def _gathered(given: Graph) -> Graph:
    """The graph in which allocations beyond the first few of the same origin share a node."""
    origins: dict[tuple[str, ...], list[str]] = {}
    for key, node in given.nodes.items():
        if node.kind == "allocation":
            origin = tuple(start for start, end in given.edges if end == key)
            origins.setdefault(origin, []).append(key)
    gone: dict[str, str] = {}
    for origin, keys in origins.items():
        rest = keys[ALLOCATIONS_SHOWN - 1 :]
        if len(keys) <= ALLOCATIONS_SHOWN:
            continue
        shared = f"more {' '.join(origin)}"
        numbers = sorted({number for key in rest for number in given.nodes[key].findings})
        start = given.nodes[origin[0]] if origin else None
        query = start.query if start else ""
        given.nodes[shared] = Node("allocation", f"{len(rest)} more functions", "", query, numbers)
        gone |= dict.fromkeys(rest, shared)
    result = Graph(nodes={key: node for key, node in given.nodes.items() if key not in gone})
    for (start_key, end), meaning in given.edges.items():
        result.connect(start_key, gone.get(end, end), meaning)
    return result
