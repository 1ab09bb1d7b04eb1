"""A C file cut into its top-level items, without parsing it.

What comes in: the bytes of a file and a configuration. What goes out: :class:`SourceFile` with its
:class:`Item` s: functions, macros, records, enumerations, typedefs, variables, prototypes and uses of
guard macros, each with its place. Nothing here raises, whatever the bytes: what makes no sense is
skipped up to the next ``;`` or ``}``.

How ``#if`` is treated: the arm that the configuration chooses is read. An arm that it does not choose
keeps its items, marked inactive, where it stands between items and is complete in itself. Inside an
item, or where an arm holds half an item, it is blanked.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate

from gfplint.frontend.conditionals import Arm, Configuration, read_directives
from gfplint.frontend.heads import scan_items
from gfplint.frontend.items import Item, ItemKind
from gfplint.frontend.lexical import blank, strip_comments

__all__ = ["Item", "ItemKind", "SourceFile", "split"]

_INCLUDED_C = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"]+\.c)"', re.M)


@dataclass(slots=True)
class SourceFile:
    """One file, split.

    :attr:`data` is the untouched file. ``text`` has its length and its line ends: comments are blanked,
    directives too (but ``#define`` lines, which :func:`gfplint.frontend.parse.parse_item` blanks inside
    other items), and unchosen ``#if`` arms inside items. ``items`` are in order of their start; those
    that share one piece of source (``struct x {…} a, b;``) share ``start`` and ``end``.
    """

    path: str
    _data: bytes
    text: bytes
    items: tuple[Item, ...]
    included: tuple[bytes, ...] = ()
    """The ``.c`` files that it includes, as it names them (kernel/sched builds itself so)."""
    _reread: Callable[[], bytes] | None = field(default=None, repr=False)
    _lines: array[int] | None = field(default=None, repr=False)
    _names: dict[str, Item | list[Item]] | None = field(default=None, repr=False)
    """A name is nearly always that of one item."""

    @property
    def data(self) -> bytes:
        """The untouched file."""
        return self._data if self._reread is None else self._reread()

    def release(self, reread: Callable[[], bytes]) -> None:
        """Don't keep the untouched file, which is half of what a split one takes: it can be had again."""
        self._reread = reread
        self._data = b""

    def find(self, name: str, *kinds: ItemKind) -> list[Item]:
        """Items of that name, of any of ``kinds`` (any kind where none is given), active ones first."""
        names = self._names
        if names is None:
            names = self._names = _by_name(self.items)
        known = names.get(name)
        if known is None:
            return []
        if isinstance(known, Item):
            return [known] if not kinds or known.kind in kinds else []
        found = [item for item in known if not kinds or item.kind in kinds]
        found.sort(key=_activity)
        return found

    def body(self, item: Item) -> int:
        """The offset at which the body of a function begins; its end where there is none."""
        brace = self.text.find(b"{", item.name_at, item.end)
        return brace if brace >= 0 else item.end

    def replace(self, items: tuple[Item, ...]) -> None:
        """Let these be the items: those that macros make are known only when there is a program."""
        self.items = items
        self._names = None

    def position(self, offset: int) -> tuple[int, int]:
        """(line, column) of a byte offset, both from 1, the column in characters of the untouched file."""
        return bisect_right(self._line_starts(), offset), self.column(offset)

    def offset(self, line: int, column: int) -> int | None:
        """The byte offset of a line and a column, as :meth:`position` counts them; None behind the end of the
        line or file.
        """
        lines = self._line_starts()
        if not 1 <= line <= len(lines) or column < 1:
            return None
        start = lines[line - 1]
        end = lines[line] - 1 if line < len(lines) else len(self.data)
        before = self.data[start:end].decode("utf-8", "surrogateescape")[: column - 1]
        if len(before) < column - 1:
            return None
        return start + len(before.encode("utf-8", "surrogateescape"))

    def column(self, offset: int) -> int:
        """The column of a byte offset, as :meth:`position` counts it."""
        start = self.text.rfind(b"\n", 0, offset) + 1
        if offset - start < 2:
            return offset - start + 1  # nearly all items
        return len(self.data[start:offset].decode("utf-8", "replace")) + 1

    def _line_starts(self) -> array[int]:
        lines = self._lines
        if lines is None:
            lengths = map(len, self.text.split(b"\n"))
            lines = self._lines = array("I", accumulate(map((1).__add__, lengths), initial=0))
            lines.pop()  # behind the last line
        return lines


def _by_name(items: tuple[Item, ...]) -> dict[str, Item | list[Item]]:
    names: dict[str, Item | list[Item]] = {}
    for item in items:
        known = names.setdefault(item.name, item)
        if known is item:
            continue
        if isinstance(known, Item):
            names[item.name] = [known, item]
        else:
            known.append(item)
    return names


def _activity(item: Item) -> bool:
    return not item.active


def split(path: str, data: bytes, config: Configuration) -> SourceFile:
    """Cut ``data`` into items. ``path`` is only kept. Never raises."""
    included = tuple(_INCLUDED_C.findall(data)) if b'.c"' in data else ()
    clean = strip_comments(data)
    directives = read_directives(clean, config)
    if not directives.places:
        items: list[Item] = []
        scan_items(clean, 0, len(clean), True, items)
        return SourceFile(path, data, clean, tuple(items), included)
    parts: list[bytes] = []
    done = 0
    for start, end in directives.places:
        parts.append(clean[done:start])
        parts.append(blank(clean[start:end]))
        done = end
    parts.append(clean[done:])
    plain = b"".join(parts)  # all arms, no directives
    active = _without(plain, directives.dead) if directives.dead else plain
    items = []
    scan_items(active, 0, len(active), True, items)
    text = bytearray(active)
    if directives.dead:
        spans = _spans(items)
        _scan_arms(plain, directives.dead, spans, items, text)
    for definition in directives.definitions:
        start, end = definition.start, definition.end
        text[start:end] = clean[start:end]
        items.append(
            Item(ItemKind.MACRO, definition.name, start, end, definition.name_at, False, definition.active)
        )
    items.sort(key=_start)
    return SourceFile(path, data, bytes(text), tuple(items), included)


def _start(item: Item) -> tuple[int, int, int]:
    return (item.start, item.name_at, item.kind.value)


def _without(text: bytes, arms: list[Arm], base: int = 0) -> bytes:
    """``text`` (which starts at offset ``base`` of the file) with ``arms`` blanked."""
    parts: list[bytes] = []
    done = 0
    for arm in arms:
        parts.append(text[done : arm.start - base])
        parts.append(blank(text[arm.start - base : arm.end - base]))
        done = arm.end - base
    parts.append(text[done:])
    return b"".join(parts)


def _spans(items: list[Item]) -> tuple[list[int], list[int]]:
    """Starts and ends of the items' source, without repetition; items don't overlap but for records
    inside records, and the outer one comes first.
    """
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for item in sorted(items, key=_outer):
        if item.start >= last and item.end > item.start:
            starts.append(item.start)
            ends.append(item.end)
            last = item.end
    return starts, ends


def _outer(item: Item) -> tuple[int, int]:
    return (item.start, -item.end)


def _scan_arms(
    plain: bytes, arms: list[Arm], spans: tuple[list[int], list[int]], items: list[Item], text: bytearray
) -> None:
    """Items of the unchosen ``arms`` that stand between items; their text is put back into ``text``."""
    starts, ends = spans
    for arm in arms:
        at = bisect_right(starts, arm.start) - 1
        if at >= 0 and arm.start < ends[at]:
            continue
        if arm.assembly or arm.end <= arm.start:
            continue
        piece = plain[arm.start : arm.end]
        if arm.dead:
            piece = _without(piece, arm.dead, arm.start)
        found: list[Item] = []
        if piece.count(b"{") == piece.count(b"}"):
            scan_items(piece, 0, len(piece), False, found, arm.start)
        if found:
            text[arm.start : arm.end] = piece
        if arm.dead:
            _scan_arms(plain, arm.dead, _spans(found), found, text)
        items.extend(found)
