"""Every way to plant the balloon deadlock in a real driver, and to almost do so.

What comes in: the texts of a tree's files (``planting.Files``); what goes out: ``VARIANTS``, each a small
edit with what must be found after it. Issue 2's list "must be true" is among them, entry by entry.
"""

from __future__ import annotations

from tests import variants_far, variants_locks, variants_masks, variants_ways
from tests.variant import VARIANTS, Variant
from tests.variants_ways import undone_fix

__all__ = [
    "VARIANTS",
    "Variant",
    "undone_fix",
    "variants_far",
    "variants_locks",
    "variants_masks",
    "variants_ways",
]
