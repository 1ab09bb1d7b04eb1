"""What a variant is: one edit of a real driver, with what must be found after it.

What comes in: edits (functions of ``planting.Files``), registered by the decorators :func:`found` and
:func:`silent`; what goes out: ``VARIANTS``, in the order in which they were registered. The edits are in
``variants_ways.py``, ``variants_masks.py`` and ``variants_locks.py``; ``variants.py`` has them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.planting import BALLOON, Files

Edit = Callable[[Files], None]


@dataclass(frozen=True)
class Variant:
    """One edit of the driver with what must be found: nothing, or exactly one finding at the marked call.

    ``way`` are the functions from the one that holds the lock to the one that allocates, ``allocates_in``
    the file of the latter ("" for any); ``ways`` and ``bits`` as in ``expectations.py``; ``since`` the first
    kernel that has what the edit uses.
    """

    name: str
    edit: Edit
    found: bool
    way: tuple[str, ...] = ("fill_balloon",)
    allocates_in: str = BALLOON
    callback_way: tuple[str, ...] = ("virtio_balloon_oom_notify", "leak_balloon")
    ways: tuple[str, ...] = ()
    bits: tuple[str, ...] = ()
    since: tuple[int, int] = (0, 0)
    rule: str = "GFP001"


VARIANTS: list[Variant] = []


def found(
    *way: str,
    allocates_in: str = BALLOON,
    callback_way: tuple[str, ...] = ("virtio_balloon_oom_notify", "leak_balloon"),
    ways: tuple[str, ...] = (),
    bits: tuple[str, ...] = (),
    since: tuple[int, int] = (0, 0),
    rule: str = "GFP001",
    holder: str = "fill_balloon",
) -> Callable[[Edit], Edit]:
    """Register an edit after which the deadlock is there. ``way`` leads on from ``holder``, or for
    ``GFP002`` from the callback."""

    def register(edit: Edit) -> Edit:
        first = holder if rule == "GFP001" else callback_way[0]
        name = edit.__name__
        VARIANTS.append(
            Variant(name, edit, True, (first, *way), allocates_in, callback_way, ways, bits, since, rule)
        )
        return edit

    return register


def silent(since: tuple[int, int] = (0, 0)) -> Callable[[Edit], Edit]:
    """Register an edit after which nothing may be reported."""

    def register(edit: Edit) -> Edit:
        VARIANTS.append(Variant(edit.__name__, edit, False, since=since))
        return edit

    return register
