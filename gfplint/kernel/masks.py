"""Allocation masks, as numbers and as words.

What comes in: the tree's own ``include/linux/gfp.h`` and, since 6.0, ``gfp_types.h``. What goes out: the
value of every ``___GFP_X``, ``__GFP_X`` and ``GFP_X`` they define, and the way back from a value to names.
The headers' expressions and the enum of bit numbers (since 6.10) are parsed by pycparser, so any version is
read alike: bits as ``0x10u``, as ``((__force gfp_t)___GFP_X)`` or as ``BIT(___GFP_X_BIT)``. The built-in
values, those of 6.12, are for a folder without a kernel around it.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from gfplint.errors import SourceError
from gfplint.kernel.gfp_headers import mask_values
from gfplint.kernel.kconfig import Config

if TYPE_CHECKING:
    from gfplint.kernel.tree import KernelTree

HEADERS = ("include/linux/gfp_types.h", "include/linux/gfp.h")

# The word in a report for each bit that decides how far reclaim may go, in that order.
_WORDS = (
    ("__GFP_DIRECT_RECLAIM", "direct reclaim"),
    ("__GFP_WAIT", "direct reclaim"),
    ("__GFP_IO", "IO"),
    ("__GFP_FS", "FS"),
)
_DIRECT_RECLAIM = ("__GFP_DIRECT_RECLAIM", "__GFP_WAIT")
# Names that hold flags but are no way to write a mask: sets to test with, shifts, tables.
_NO_SPELLING = re.compile(r"___|\w*(?:_MASK|MASK|_SHIFT|_BIT)\Z|GFP_ZONE|__GFP_BITS")


class Bit(NamedTuple):
    """A flag by name, and its value as a mask (one bit)."""

    name: str
    value: int


class Masks:
    """The masks of one tree. ``values`` maps every name to its number."""

    def __init__(self, values: Mapping[str, int]) -> None:
        self.values: dict[str, int] = dict(values)
        bits: dict[str, int] = {}
        for name, value in self.values.items():
            single = value & (value - 1) == 0 and value != 0
            if (
                single
                and name.startswith("__GFP_")
                and not _NO_SPELLING.match(name)
                and value not in bits.values()
            ):
                bits[name] = value
        self.bits = dict(sorted(bits.items(), key=lambda pair: pair[1]))
        """The single bits, ``__GFP_X`` → value, lowest first. A flag that the configuration makes 0 isn't
        there.
        """

    @classmethod
    def from_tree(cls, tree: KernelTree) -> Masks:
        """The masks that a tree's headers define; the built-in ones if they define no direct-reclaim bit."""
        texts: list[str] = []
        for path in HEADERS:
            try:
                texts.append(tree.read(path).decode("utf-8", "replace"))
            except SourceError:
                continue
        masks = cls._kept("\n".join(texts), tree)
        return masks if any(name in masks.bits for name in _DIRECT_RECLAIM) else cls.builtin()

    @classmethod
    def _kept(cls, text: str, tree: KernelTree) -> Masks:
        """The masks of a text under a tree's configuration, from an earlier run if one has read the same."""
        store, config = tree.store, tree.config
        if store is None:
            return cls.from_text(text, config)
        options = sorted(config.options.items()) if config.options is not None else None
        key = repr((options, config.arch, config.version, text)).encode("utf-8", "surrogateescape")
        data = store.get("masks", key)
        if data is not None:
            return cls(marshal.loads(data))
        masks = cls.from_text(text, config)
        store.put("masks", key, marshal.dumps(masks.values, 2))
        return masks

    @classmethod
    def from_text(cls, text: str, config: Config) -> Masks:
        """The masks that the text of one or more headers defines under a configuration."""
        return cls(mask_values(text, config))

    @classmethod
    def builtin(cls) -> Masks:
        """The values of 6.12, for use without a tree."""
        return cls(_BUILTIN)

    def value(self, name: str) -> int | None:
        """The value of ``GFP_X``, ``__GFP_X`` or ``___GFP_X``; None for any other name."""
        return self.values.get(name)

    @cached_property
    def direct_reclaim(self) -> Bit:
        """The flag that lets an allocation reclaim by itself: ``__GFP_WAIT`` before 4.4."""
        for name in _DIRECT_RECLAIM:
            if name in self.bits:
                return Bit(name, self.bits[name])
        return Bit(_DIRECT_RECLAIM[0], _BUILTIN[_DIRECT_RECLAIM[0]])

    @cached_property
    def _compounds(self) -> list[tuple[str, int]]:
        """Names for more than one bit, most bits first; ``GFP_X`` before ``__GFP_X``, then the shorter, older
        name.
        """
        found = [
            (name, value)
            for name, value in self.values.items()
            if value.bit_count() > 1 and not _NO_SPELLING.match(name)
        ]
        # GFP_ATOMIC in old trees and GFP_NOWAIT in new ones are one bit, but nobody spells them by the bit.
        found += [
            (name, value)
            for name, value in self.values.items()
            if name in _ONE_BIT and value.bit_count() == 1
        ]
        found.sort(key=lambda pair: (-pair[1].bit_count(), pair[0].startswith("_"), len(pair[0]), pair[0]))
        return found

    def names(self, value: int) -> tuple[str, ...]:
        """The shortest spelling of a mask: the largest ``GFP_X`` inside it, then single flags, lowest bit
        first.

        Bits that no flag has come last as one hexadecimal number; a mask of 0 is ``("0",)``.
        """
        if not value:
            return ("0",)
        best: tuple[str, ...] | None = None
        for name, compound in [*self._compounds, ("", 0)]:
            if compound & ~value:
                continue
            spelling = ((name,) if name else ()) + self._flags(value & ~compound)
            if best is None or len(spelling) < len(best):
                best = spelling
        return best or self._flags(value)

    def _flags(self, value: int) -> tuple[str, ...]:
        names: list[str] = []
        pair = self.values.get("__GFP_RECLAIM", 0)
        for name, bit in self.bits.items():
            if value & bit:
                if pair and bit & pair and value & pair == pair:
                    names.append("__GFP_RECLAIM")
                    value &= ~pair
                else:
                    names.append(name)
                    value &= ~bit
        return (*names, hex(value)) if value else tuple(names)

    def words(self, set_bits: int, clear_bits: int) -> str:
        """What a mask lets reclaim do: ``direct reclaim, IO and FS``; ``direct reclaim; not IO or FS``.

        ``set_bits`` are surely set, ``clear_bits`` surely clear; the rest is undecided: ``…; IO and FS
        undecided``. Without direct reclaim IO and FS mean nothing, and the words are ``no direct reclaim``.
        """
        present = [(word, self.bits[name]) for name, word in _WORDS if name in self.bits]
        reclaim = self.direct_reclaim.value
        if clear_bits & reclaim:
            return "no direct reclaim"
        allowed = [word for word, bit in present if set_bits & bit]
        denied = [word for word, bit in present if clear_bits & bit]
        undecided = [word for word, bit in present if not (set_bits | clear_bits) & bit]
        parts: list[str] = []
        if allowed:
            parts.append(_join(allowed, "and"))
        if denied:
            parts.append("not " + _join(denied, "or"))
        if undecided:
            parts.append(_join(undecided, "and") + " undecided")
        return "; ".join(parts)


def _join(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


_ONE_BIT = frozenset({"GFP_ATOMIC", "GFP_NOWAIT", "GFP_NOIO"})


def _builtin() -> dict[str, int]:
    single = (
        "DMA HIGHMEM DMA32 MOVABLE RECLAIMABLE HIGH IO FS ZERO - DIRECT_RECLAIM KSWAPD_RECLAIM WRITE NOWARN "
        "RETRY_MAYFAIL NOFAIL NORETRY MEMALLOC COMP NOMEMALLOC HARDWALL THISNODE ACCOUNT ZEROTAGS "
        "NOLOCKDEP NO_OBJ_EXT"
    )
    flag = {name: 1 << number for number, name in enumerate(single.split()) if name != "-"}
    # Flags of KASAN with hardware tags; 0 without it.
    flag |= {"SKIP_ZERO": 0, "SKIP_KASAN": 0}
    reclaim = flag["DIRECT_RECLAIM"] | flag["KSWAPD_RECLAIM"]
    kernel = reclaim | flag["IO"] | flag["FS"]
    highuser = kernel | flag["HARDWALL"] | flag["HIGHMEM"]
    movable = highuser | flag["MOVABLE"] | flag["SKIP_KASAN"]
    light = (movable | flag["COMP"] | flag["NOMEMALLOC"] | flag["NOWARN"]) & ~reclaim
    return {
        **{f"__GFP_{name}": value for name, value in flag.items()},
        **{f"___GFP_{name}": value for name, value in flag.items()},
        "__GFP_RECLAIM": reclaim,
        "GFP_ATOMIC": flag["HIGH"] | flag["KSWAPD_RECLAIM"],
        "GFP_KERNEL": kernel,
        "GFP_KERNEL_ACCOUNT": kernel | flag["ACCOUNT"],
        "GFP_NOWAIT": flag["KSWAPD_RECLAIM"] | flag["NOWARN"],
        "GFP_NOIO": reclaim,
        "GFP_NOFS": reclaim | flag["IO"],
        "GFP_USER": kernel | flag["HARDWALL"],
        "GFP_DMA": flag["DMA"],
        "GFP_DMA32": flag["DMA32"],
        "GFP_HIGHUSER": highuser,
        "GFP_HIGHUSER_MOVABLE": movable,
        "GFP_TRANSHUGE_LIGHT": light,
        "GFP_TRANSHUGE": light | flag["DIRECT_RECLAIM"],
    }


_BUILTIN = _builtin()
