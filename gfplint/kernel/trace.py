"""What answers rest on: every question that was asked of the tree while one was being made.

What comes in: *leaves*, as they are asked (a file that was read, a name that was looked up), and *frames*:
the stretch of work in which a memoised answer is made becomes a node of a graph, and whoever gets the answer
later, from memory, rests on that node. What goes out: all leaves below the frame of a unit of work, whoever
asked for them first. So an answer can be kept with all that it depends on, although most of what it needed
was known already.

A leaf is a tuple that begins with its kind. Some end with a digest of the answer, so that the question can
be asked again when something happened that may have changed it:

- ``("file", path)``: the content of a file, or whether there is one;
- ``("item", path, name, digest, starts)``: the items of a name in a file (digest 0: there is none), which are
  in this order among others; where ``starts`` is empty, order doesn't matter.
  With ``()`` behind the name: of its functions, the heads alone;
- ``("ask", path, question, argument, digest)``: another question about a part of a file
  (:mod:`gfplint.program.parts`);
- ``("name", group, name, digest)``: the sites of a name in a group of the index
  (:mod:`~gfplint.kernel.rows`);
- ``("rows", group, name, digest)``: the files with such sites;
- ``("near", field, folder, digest)``: the stores in a field of that name in files below a folder;
- ``("many", field, number)``: whether there are more stores than that in fields of that name;
- ``("word", word, place)``: the files that mention a word;
- ``("list", folder)``: the headers in a folder;
- ``("fact", name)``: something about the run itself;
- ``("beyond", place)``: something outside of the index, which nobody keeps track of;
- ``("book", name, value)``: not a dependency, but an entry in the books of a run that the work makes.

A tree without a store isn't traced, which costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from marshal import dumps
from typing import Any, Generic, TypeVar, cast

from xxhash import xxh3_64_intdigest

Key = TypeVar("Key")
Answer = TypeVar("Answer")
Leaf = tuple[object, ...]


def digest(value: Any) -> int:
    """64 bits for an answer made of numbers, texts, bytes, tuples and lists."""
    return xxh3_64_intdigest(dumps(value, 2))


class Trace:
    """The graph of one process. Number 0 is a node without leaves."""

    __slots__ = ("_children", "_numbers", "current", "on")

    def __init__(self, on: bool) -> None:
        self.on = on
        self.current: set[int] = set()
        """The nodes that the frame being worked on rests on so far."""
        self._numbers: dict[Leaf, int] = {}
        self._children: list[tuple[int, ...] | Leaf] = [()]

    def leaf(self, *what: object) -> None:
        """The work at hand rests on this."""
        if self.on:
            number = self._numbers.get(what)
            if number is None:
                number = self._numbers[what] = len(self._children)
                self._children.append(what)
            self.current.add(number)

    def enter(self) -> set[int]:
        """Begin a frame; what is returned must be handed to :meth:`leave`."""
        outer = self.current
        if self.on:
            self.current = set()
        return outer

    def leave(self, outer: set[int]) -> int:
        """End a frame: the node that its answer is. The frame around rests on it only where told so."""
        if not self.on:
            return 0
        inner = self.current
        self.current = outer
        inner.discard(0)
        if len(inner) < 2:
            return next(iter(inner), 0)
        self._children.append(tuple(inner))
        return len(self._children) - 1

    def without(self, *what: object) -> None:
        """The work at hand doesn't rest on this after all."""
        self.current.discard(self._numbers.get(what, 0))

    def leaves(self, node: int) -> list[Leaf]:
        """All leaves that a node rests on."""
        children = self._children
        seen = {node}
        level = [node]
        found: list[Leaf] = []
        while level:
            below: set[int] = set()
            for number in level:
                entry = children[number]
                if entry and entry[0].__class__ is str:
                    found.append(entry)
                else:
                    below.update(cast(tuple[int, ...], entry))
            level = list(below - seen)
            seen |= below
        return found


class Memo(Generic[Key, Answer]):
    """A memoised question: ``answer`` is called once for each key, in a frame of its own.

    ``meanwhile`` is the answer for whoever asks again from inside.
    """

    __slots__ = ("_answer", "_known", "_meanwhile", "_trace")

    def __init__(
        self,
        trace: Trace,
        answer: Callable[[Key], Answer],
        meanwhile: Callable[[], Answer] | None = None,
    ) -> None:
        self._trace = trace
        self._answer = answer
        self._meanwhile = meanwhile
        self._known: dict[Key, tuple[Answer, int]] = {}

    def __call__(self, key: Key) -> Answer:
        """The answer for a key."""
        trace = self._trace
        known = self._known.get(key)
        if known is None:
            if self._meanwhile is not None:
                self._known[key] = self._meanwhile(), 0
            outer = trace.enter()
            node = 0
            try:
                answer = self._answer(key)
            finally:
                node = trace.leave(outer)
            known = self._known[key] = answer, node
        trace.current.add(known[1])
        return known[0]

    def clear(self) -> None:
        """Forget all answers."""
        self._known.clear()
