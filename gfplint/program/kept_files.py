"""Files that an earlier run has split, by content: a run after an edit looks things up in dozens of files
that nobody changed.

Splitting a file takes milliseconds: its comments, its ``#if``, its definitions, those that its macros make.
What of that depends on other files, the values of names in ``#if`` and the definitions of macros, is noted
like all that answers rest on (:mod:`gfplint.kernel.trace`): who looks into a kept file rests on the same.
"""

from __future__ import annotations

import marshal
import pickle
from array import array
from typing import TYPE_CHECKING, Any

from gfplint.frontend.items import Item, ItemKind
from gfplint.frontend.made import Made
from gfplint.frontend.source import SourceFile
from gfplint.kernel.trace import Leaf

if TYPE_CHECKING:
    from gfplint.cache.units import Units
    from gfplint.kernel.tree import KernelTree

_MOST = 300
"""Files that one process keeps."""

_KINDS = (*ItemKind,)
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}


class KeptFiles:
    """The split files of one tree."""

    def __init__(self, tree: KernelTree, units: Units) -> None:
        self._tree = tree
        self._units = units
        self.left = _MOST
        """How many files are still to be kept."""

    def load(self, path: str) -> tuple[SourceFile, list[Leaf]] | None:
        """The file as it is now, and what its splitting rests on; None where no run has left it, or something
        else changed since. Raises :class:`gfplint.errors.SourceError`.
        """
        data = self._tree.read(path)
        (known,) = self._units.load([self._key(path)])
        if known is None:
            return None
        file, leaves = marshal.loads(known[0])
        return unpacked(path, file, data), leaves

    def save(self, path: str, file: SourceFile, node: int) -> None:
        """Keep a file whose splitting is this node of the trace."""
        if not self.left:
            return
        self.left -= 1
        # A macro counts by what it is, not by where: that may be another place when the file is loaded.
        leaves = [
            (*leaf[:4], ()) if leaf[0] == "item" else leaf
            for leaf in self._tree.trace.leaves(node)
            if leaf != ("file", path)
        ]
        if any(leaf[0] == "book" and leaf[1] != "files" for leaf in leaves):
            return
        answer = marshal.dumps((packed(file, file.text != file.data), leaves), 4)
        self._units.save(self._key(path), node, answer)

    def _key(self, path: str) -> tuple[object, ...]:
        return "split", path, self._tree.consulted.reads.get(path, b"")


def packed(file: SourceFile, with_text: bool) -> tuple[Any, ...]:
    """A split file in a form for ``marshal``, without its untouched content and, if told so, its text."""
    items = file.items
    columns = (
        bytes([_NUMBERS[item.kind] for item in items]),
        "\0".join([item.name for item in items]),
        array("I", [item.start for item in items]).tobytes(),
        array("I", [item.end for item in items]).tobytes(),
        array("I", [item.name_at for item in items]).tobytes(),
        bytes([item.static for item in items]),
        bytes([item.active for item in items]),
    )
    made = [(number, item) for number, item in enumerate(items) if isinstance(item, Made)]
    return file.text if with_text else None, columns, pickle.dumps(made, 5), file.included


def unpacked(path: str, known: tuple[Any, ...], data: bytes) -> SourceFile:
    """The file of which :func:`packed` made ``known``. ``data``: its untouched content, which is its text,
    too, if that was left out.
    """
    text, columns, made, included = known
    kinds, names, starts, ends, name_ats, static, active = columns
    items: list[Item] = list(
        map(
            Item,
            map(_KINDS.__getitem__, kinds),
            names.split("\0") if kinds else (),
            array("I", starts),
            array("I", ends),
            array("I", name_ats),
            map(bool, static),
            map(bool, active),
        )
    )
    for number, item in pickle.loads(made):
        items[number] = item
    return SourceFile(path, data, text if text is not None else data, tuple(items), included)
