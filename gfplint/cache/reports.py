"""Whole reports: where nothing changed, the answer is the earlier run's."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

from gfplint.cache.kept import Kept, content
from gfplint.findings import Report
from gfplint.kernel.tree import KernelTree

if TYPE_CHECKING:
    from gfplint.api import CheckOptions

_NOT_SEEN = frozenset({"paths", "kernel", "jobs", "progress", "baseline", "cache", "warn"})
"""Options that the analysis doesn't see, or that the key has in another form."""


class Reports:
    """The report of one set of options on one tree. ``tree`` has a store."""

    def __init__(self, options: CheckOptions, tree: KernelTree) -> None:
        self._kept = Kept(tree, "report", options.rules_dirs)
        # A debugging run raises what another one notes.
        self._seen = None if os.environ.get("GFPLINT_DEBUG") else _seen(options, tree)

    def load(self) -> tuple[Report, list[str]] | None:
        """Report and rules of an earlier run that had nothing else before it."""
        return None if self._seen is None else self._kept.load(self._seen)

    def save(self, report: Report, rules: list[str]) -> None:
        """Keep the report and the ids of its rules."""
        if self._seen is not None:
            self._kept.save(self._seen, (report, rules))


def _seen(options: CheckOptions, tree: KernelTree) -> list[object] | None:
    """What a report depends on beside the tree; None where that can't be said in a key."""
    if tree.snapshot is None or options.reach:
        return None
    paths = [tree.relative(path) for path in options.paths]
    for path in paths:
        # Of tools/ and other folders that are no part of a kernel there is no snapshot.
        folder = path if tree.snapshot.has_folder(path) else os.path.dirname(path)
        if not tree.snapshot.has_folder(folder):
            return None
    seen: list[object] = [paths]
    for field in dataclasses.fields(options):
        if field.name not in _NOT_SEEN:
            seen.append((field.name, content(getattr(options, field.name))))
    return seen
