"""Masks from headers of every age."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplint.kernel.kconfig import Config
from gfplint.kernel.masks import Masks
from gfplint.kernel.tree import KernelTree
from tests.unpacked_trees import unpacked_trees

# Written for these tests after the shape of three ages of the header, with few flags each.
OLD = """
#ifndef __LINUX_GFP_H
#define __LINUX_GFP_H
#include <linux/mmdebug.h>
/* Plain numbers. */
#define ___GFP_DMA 0x01u
#define ___GFP_WAIT 0x10u
#define ___GFP_HIGH\t\t0x20u
#define ___GFP_IO 0x40u
#define ___GFP_FS 0x80u
#define ___GFP_NORETRY 0x1000u
#ifdef CONFIG_KMEMCHECK
#define ___GFP_NOTRACK 0x200000u
#else
#define ___GFP_NOTRACK 0
#endif
#define __GFP_DMA ((__force gfp_t)___GFP_DMA)
#define __GFP_WAIT ((__force gfp_t)___GFP_WAIT) /* Can wait */
#define __GFP_HIGH ((__force gfp_t)___GFP_HIGH)
#define __GFP_IO ((__force gfp_t)___GFP_IO)\t// starts IO
#define __GFP_FS ((__force gfp_t)___GFP_FS)
#define __GFP_NORETRY ((__force gfp_t)___GFP_NORETRY)
#define __GFP_NOTRACK ((__force gfp_t)___GFP_NOTRACK)
#define __GFP_BITS_SHIFT 25
#define __GFP_BITS_MASK ((__force gfp_t)((1 << __GFP_BITS_SHIFT) - 1))
#define GFP_NOWAIT (GFP_ATOMIC & ~__GFP_HIGH)
#define GFP_ATOMIC (__GFP_HIGH)
#define GFP_NOIO (__GFP_WAIT)
#define GFP_NOFS (__GFP_WAIT | __GFP_IO)
#define GFP_KERNEL (__GFP_WAIT | __GFP_IO | \\
\t\t\t__GFP_FS)
#ifdef CONFIG_NUMA
#define GFP_THISNODE (__GFP_NORETRY)
#else
#define GFP_THISNODE ((__force gfp_t)0)
#endif
#define GFP_ZONE_TABLE (ZONE_NORMAL << 0 * ZONES_SHIFT)
#define gfp_note(gfp) ((gfp) & GFP_KERNEL)
#define GFP_LOOP (GFP_LOOP2 | __GFP_IO)
#define GFP_LOOP2 GFP_LOOP
static inline int f(void) { return 1; }
#endif
"""

MIDDLE = """
#define ___GFP_IO 0x40u
#define ___GFP_FS 0x80u
#define ___GFP_HIGH 0x20u
#define ___GFP_ATOMIC 0x80000u
#define ___GFP_DIRECT_RECLAIM 0x400000u
#define ___GFP_KSWAPD_RECLAIM 0x2000000u
#define __GFP_IO ((__force gfp_t)___GFP_IO)
#define __GFP_FS ((__force gfp_t)___GFP_FS)
#define __GFP_HIGH ((__force gfp_t)___GFP_HIGH)
#define __GFP_ATOMIC ((__force gfp_t)___GFP_ATOMIC)
#define __GFP_DIRECT_RECLAIM ((__force gfp_t)___GFP_DIRECT_RECLAIM)
#define __GFP_KSWAPD_RECLAIM ((__force gfp_t)___GFP_KSWAPD_RECLAIM)
#define __GFP_RECLAIM ((__force gfp_t)(___GFP_DIRECT_RECLAIM|___GFP_KSWAPD_RECLAIM))
#define GFP_ATOMIC (__GFP_HIGH|__GFP_ATOMIC|__GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_NOWAIT (__GFP_KSWAPD_RECLAIM)
#define GFP_NOIO (__GFP_RECLAIM)
#define GFP_NOFS (__GFP_RECLAIM | __GFP_IO)
#define GFP_LIGHT (GFP_KERNEL & ~__GFP_RECLAIM)
"""

NEW = """
#if 0
typedef unsigned int __bitwise gfp_t;
#endif
enum {
\t___GFP_DMA_BIT,
\t___GFP_HIGH_BIT = 3,\t/* a gap before it */
\t___GFP_IO_BIT,
\t___GFP_FS_BIT,
#ifdef CONFIG_KASAN_HW_TAGS
\t___GFP_SKIP_ZERO_BIT,
#endif
#ifdef CONFIG_LOCKDEP
\t___GFP_NOLOCKDEP_BIT,
#endif
\t___GFP_DIRECT_RECLAIM_BIT,
\t___GFP_LAST_BIT
};
#define ___GFP_DMA BIT(___GFP_DMA_BIT)
#define ___GFP_HIGH BIT(___GFP_HIGH_BIT)
#define ___GFP_IO BIT(___GFP_IO_BIT)
#define ___GFP_FS BIT(___GFP_FS_BIT)
#ifdef CONFIG_LOCKDEP
#define ___GFP_NOLOCKDEP BIT(___GFP_NOLOCKDEP_BIT)
#else
#define ___GFP_NOLOCKDEP 0
#endif
#define ___GFP_DIRECT_RECLAIM BIT(___GFP_DIRECT_RECLAIM_BIT)
#define __GFP_DMA ((__force gfp_t)___GFP_DMA)
#define __GFP_IO ((__force gfp_t)___GFP_IO)
#define __GFP_FS ((__force gfp_t)___GFP_FS)
#define __GFP_NOLOCKDEP ((__force gfp_t)___GFP_NOLOCKDEP)
#define __GFP_DIRECT_RECLAIM ((__force gfp_t)___GFP_DIRECT_RECLAIM)
#define __GFP_BITS_SHIFT (5 + IS_ENABLED(CONFIG_LOCKDEP))
#define __GFP_BITS_MASK ((__force gfp_t)((1 << __GFP_BITS_SHIFT) - 1))
#define GFP_KERNEL (__GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_BROKEN (__GFP_IO |
"""

CONFIG = Config()


def test_the_oldest_header() -> None:
    masks = Masks.from_text(OLD, CONFIG)
    assert masks.value("___GFP_WAIT") == masks.value("__GFP_WAIT") == masks.value("GFP_NOIO") == 0x10
    assert masks.value("GFP_KERNEL") == 0xD0
    assert masks.value("GFP_ATOMIC") == 0x20
    assert masks.value("GFP_NOWAIT") == 0, "GFP_ATOMIC without __GFP_HIGH, used before it is defined"
    assert masks.value("GFP_THISNODE") == 0x1000
    assert masks.value("__GFP_BITS_MASK") == (1 << 25) - 1
    assert masks.value("__GFP_NOTRACK") == 0
    assert masks.direct_reclaim == ("__GFP_WAIT", 0x10)
    assert masks.value("GFP_ZONE_TABLE") is None
    assert masks.value("GFP_LOOP") is None
    assert masks.value("gfp_note") is None
    assert masks.value("__GFP_DIRECT_RECLAIM") is None
    assert list(masks.bits) == [
        "__GFP_DMA",
        "__GFP_WAIT",
        "__GFP_HIGH",
        "__GFP_IO",
        "__GFP_FS",
        "__GFP_NORETRY",
    ]
    assert masks.names(0xD0 | 0x1000) == ("GFP_KERNEL", "__GFP_NORETRY")
    assert masks.words(0xD0, ~0xD0) == "direct reclaim, IO and FS"
    assert masks.words(0x20, ~0x20) == "no direct reclaim"


def test_bits_without_plain_numbers() -> None:
    text = "#define __GFP_WAIT ((__force gfp_t)0x10u)\n#define GFP_NOIO (__GFP_WAIT)\n"
    assert Masks.from_text(text, CONFIG).value("GFP_NOIO") == 0x10


def test_the_header_of_4_4() -> None:
    masks = Masks.from_text(MIDDLE, CONFIG)
    assert masks.direct_reclaim == ("__GFP_DIRECT_RECLAIM", 0x400000)
    assert masks.value("GFP_KERNEL") == 0x24000C0
    assert masks.value("GFP_LIGHT") == 0xC0
    assert masks.names(masks.values["GFP_KERNEL"]) == ("GFP_KERNEL",)
    assert masks.names(masks.values["GFP_NOFS"]) == ("GFP_NOFS",)
    assert masks.names(masks.values["GFP_ATOMIC"]) == ("GFP_ATOMIC",)
    assert masks.names(masks.values["GFP_NOWAIT"]) == ("GFP_NOWAIT",)
    assert masks.names(0x400040) == ("__GFP_IO", "__GFP_DIRECT_RECLAIM")


@pytest.mark.parametrize(
    ("options", "nolockdep", "reclaim"),
    [
        ({}, 0, 1 << 6),
        ({"CONFIG_LOCKDEP": "y"}, 1 << 6, 1 << 7),
        ({"CONFIG_LOCKDEP": "y", "CONFIG_KASAN_HW_TAGS": "y"}, 1 << 7, 1 << 8),
    ],
)
def test_the_enum_of_6_12_follows_the_configuration(
    options: dict[str, str], nolockdep: int, reclaim: int
) -> None:
    masks = Masks.from_text(NEW, Config(options))
    assert masks.value("___GFP_HIGH") == 8
    assert masks.value("__GFP_IO") == 16
    assert masks.value("__GFP_NOLOCKDEP") == nolockdep
    assert masks.direct_reclaim == ("__GFP_DIRECT_RECLAIM", reclaim)
    assert masks.value("GFP_KERNEL") == reclaim | 0x30
    assert masks.value("__GFP_BITS_SHIFT") == 5 + bool(options)
    assert masks.value("GFP_BROKEN") is None, "a macro that is no C costs only itself"
    assert ("__GFP_NOLOCKDEP" in masks.bits) == bool(nolockdep)


def test_words() -> None:
    masks = Masks.builtin()
    kernel = masks.values["GFP_KERNEL"]
    reclaim, io, fs = (masks.bits[f"__GFP_{name}"] for name in ("DIRECT_RECLAIM", "IO", "FS"))
    assert masks.words(kernel, ~kernel) == "direct reclaim, IO and FS"
    assert masks.words(reclaim | io, fs) == "direct reclaim and IO; not FS"
    assert masks.words(reclaim, io | fs) == "direct reclaim; not IO or FS"
    assert masks.words(reclaim, 0) == "direct reclaim; IO and FS undecided"
    assert masks.words(reclaim | io, 0) == "direct reclaim and IO; FS undecided"
    assert masks.words(io | fs, reclaim) == "no direct reclaim"
    assert masks.words(0, 0) == "direct reclaim, IO and FS undecided"


def test_names() -> None:
    masks = Masks.builtin()
    value = masks.values
    assert masks.names(value["GFP_HIGHUSER_MOVABLE"]) == ("GFP_HIGHUSER_MOVABLE",)
    assert masks.names(value["GFP_USER"] | value["__GFP_ZERO"]) == ("GFP_USER", "__GFP_ZERO")
    assert masks.names(value["__GFP_RECLAIM"]) == ("GFP_NOIO",)
    assert masks.names(value["__GFP_NOWARN"]) == ("__GFP_NOWARN",)
    assert masks.names(1 << 31) == ("0x80000000",)
    assert masks.names(0) == ("0",)


@given(st.integers(0, (1 << 28) - 1))
def test_a_spelling_means_its_value(value: int) -> None:
    masks = Masks.builtin()
    total = 0
    spelling = masks.names(value)
    for name in spelling:
        total |= int(name, 0) if name[0] == "0" else masks.values[name]
    assert total == value
    assert len(set(spelling)) == len(spelling)
    assert len(spelling) <= max(1, value.bit_count())


@pytest.mark.slow
@pytest.mark.skipif(not unpacked_trees(), reason="no unpacked kernel tree")
@pytest.mark.parametrize("root", unpacked_trees(), ids=lambda root: str(root.name))
def test_real_headers(root: Path) -> None:
    masks = Masks.from_tree(KernelTree.discover(root))
    flags = {name: value for name, value in masks.values.items() if name.startswith("___GFP_")}
    assert len(flags) >= 27
    assert masks.direct_reclaim == ("__GFP_DIRECT_RECLAIM", 0x400)
    assert masks.value("GFP_KERNEL") == 0xCC0
    assert masks.value("GFP_NOFS") == 0xC40
    assert masks.value("GFP_HIGHUSER_MOVABLE") == 0x100CCA
    atomic = masks.values["GFP_ATOMIC"]
    assert not atomic & 0x400
    assert atomic & 0x800
    assert not any(masks.values["GFP_TRANSHUGE_LIGHT"] & bit for bit in (0x400, 0x800))
    for name, value in masks.values.items():
        if name.startswith("GFP_") and not name.startswith(("GFP_ZONE", "GFP_MOVABLE_")) and value:
            assert len(masks.names(value)) == 1, name
    if root.name.endswith("6.12"):
        builtin = Masks.builtin()
        assert {name: masks.value(name) for name in builtin.values} == builtin.values


def test_a_tree_without_masks_has_the_built_in_ones(tmp_path: Path) -> None:
    (tmp_path / "include" / "linux").mkdir(parents=True)
    (tmp_path / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\n")
    tree = KernelTree.discover(tmp_path)
    assert tree.is_kernel
    assert Masks.from_tree(tree).values == Masks.builtin().values
