"""What is looked for in the text of sources before anything is parsed."""

from __future__ import annotations

import re

CALLED = re.compile(rb"\b([A-Za-z_]\w*)[ \t]*\(")
"""What looks like a call or definition, with its name."""
GUARD_MACROS = frozenset({"guard", "scoped_guard", "scoped_cond_guard", "CLASS"})
"""The macros that take a guard's name (include/linux/cleanup.h)."""
