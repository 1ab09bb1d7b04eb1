"""Whole reports: where nothing changed, the answer is the earlier run's.

A report's key holds what it was computed from: gfplint, Python and libraries, rules, every option that the
analysis sees, the tree's place and version, and the content of all its C files. What a run read besides (a
``.clang-format``, a ``.c`` file that another includes from ``tools/``) is kept with the report and compared.

A report is kept only if the tree was the same at the end of the run as at its beginning: a file saved in
between may have been read before or after.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

from gfplint.cache import identity
from gfplint.findings import Report
from gfplint.kernel.files import NO_FILE, examine, list_headers
from gfplint.kernel.tree import KernelTree
from gfplint.resources import rules_directory

if TYPE_CHECKING:
    from gfplint.api import CheckOptions

_KIND = "report"
_NOT_SEEN = frozenset({"paths", "kernel", "jobs", "progress", "baseline", "cache", "warn"})
"""Options that the analysis doesn't see, or that the key has in another form."""


class Reports:
    """The report of one set of options on one tree. ``tree`` has a store."""

    def __init__(self, options: CheckOptions, tree: KernelTree) -> None:
        self._options = options
        self._tree = tree
        # A debugging run raises what another one notes.
        self._wanted = tree.snapshot is not None and not os.environ.get("GFPLINT_DEBUG")

    def load(self) -> tuple[Report, list[str]] | None:
        """Report and rules of an earlier run that had nothing else before it."""
        store, snapshot = self._tree.store, self._tree.snapshot
        if not self._wanted or store is None or snapshot is None or not snapshot.known:
            return None
        snapshot.save(store)
        key = self._key()
        data = store.load(_KIND, key) if key is not None else None
        if data is None:
            return None
        read, looked_for, listings, answer = pickle.loads(data)
        root = str(self._tree.root)
        if any(examine(root, path)[2] != content for path, content in read):
            return None
        if any(os.path.isfile(f"{root}/{path}") != there for path, there in looked_for):
            return None
        if any(list_headers(root, folder) != names for folder, names in listings):
            return None
        report, rules = answer
        return report, rules

    def save(self, report: Report, rules: list[str]) -> None:
        """Keep the report, the ids of its rules, and what is known of the tree."""
        store, snapshot = self._tree.store, self._tree.snapshot
        if store is None or snapshot is None or not snapshot.known:
            return
        snapshot.save(store)
        key = self._key()
        if not self._wanted or key is None or self._tree.consulted.beyond:
            return
        identities = snapshot.identities
        read = []
        for path, content in self._tree.consulted.reads.items():
            known = identities.get(path)
            if known is None:
                read.append((path, content))
            elif known != content:
                return
        looked_for = [
            (path, there) for path, there in self._tree.consulted.looked_for.items() if path not in identities
        ]
        if snapshot.unchanged(self._tree.jobs):
            value = (
                sorted(read),
                sorted(looked_for),
                sorted(self._tree.consulted.listings.items()),
                (report, rules),
            )
            store.save(_KIND, key, pickle.dumps(value, 5))

    def _key(self) -> bytes | None:
        """What the report depends on; None where that can't be said in a key."""
        options, tree, snapshot = self._options, self._tree, self._tree.snapshot
        if snapshot is None or options.reach:
            return None
        paths = [tree.relative(path) for path in options.paths]
        for path in paths:
            # Of tools/ and other folders that are no part of a kernel there is no snapshot.
            folder = path if snapshot.has_folder(path) else os.path.dirname(path)
            if not snapshot.has_folder(folder):
                return None
        seen: list[object] = [str(tree.root), tree.version_text, tree.project, paths]
        for field in dataclasses.fields(options):
            if field.name not in _NOT_SEEN:
                seen.append((field.name, _content(getattr(options, field.name))))
        rules = identity.rules((rules_directory(), *options.rules_dirs))
        return b"%b %b %b" % (rules, snapshot.digest, repr(seen).encode("utf-8", "surrogateescape"))


def _content(value: object) -> object:
    """An option's value in a form whose ``repr`` says all that matters: of files, what is in them."""
    if isinstance(value, Path):
        folder, name = os.path.split(os.path.abspath(value))
        return str(value), examine(folder, name)[2] if value.is_file() else NO_FILE
    if isinstance(value, (frozenset, set)):
        return sorted(value, key=repr)
    if isinstance(value, tuple):
        return [_content(each) for each in value]
    return value
