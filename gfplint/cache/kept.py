"""Answers about a tree as it is: whatever rests on all of its C files, and on little else.

An answer's key holds what it was computed from: gfplint, Python and libraries, rules, options, the tree's
place and version, and the content of all its C files. What was read besides (a ``.clang-format``, a ``.c``
file that another includes from ``tools/``) is kept with the answer and compared.

An answer is kept only if whatever was read, searched and scanned for it was as it had been at the run's
beginning: then it is the answer for that state, whatever was saved in between.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gfplint.cache import identity, outside
from gfplint.kernel.files import NO_FILE, examine
from gfplint.kernel.tree import KernelTree
from gfplint.resources import rules_directory


class Kept:
    """Answers of one kind about one tree, which has a store."""

    def __init__(self, tree: KernelTree, kind: str, rules_dirs: Iterable[Path]) -> None:
        self._tree = tree
        self._kind = kind
        self._rules_dirs = (rules_directory(), *rules_dirs)

    def load(self, seen: list[object]) -> Any | None:
        """The answer of an earlier run to a question that is made of these parts; None without one."""
        store, snapshot = self._tree.store, self._tree.snapshot
        if store is None or snapshot is None or not snapshot.known:
            return None
        snapshot.save(store)
        data = store.load(self._kind, self._key(snapshot.digest, seen))
        if data is None:
            return None
        read, looked_for, listings, answer = pickle.loads(data)
        return answer if outside.as_then(str(self._tree.root), read, looked_for, listings) else None

    def save(self, seen: list[object], answer: object) -> None:
        """Keep an answer that rests on what the tree's files were consulted for so far."""
        tree = self._tree
        store, snapshot, consulted = tree.store, tree.snapshot, tree.consulted
        if store is None or snapshot is None or not snapshot.known:
            return
        snapshot.save(store)
        if consulted.beyond or consulted.changing or tree.index.tables.torn:
            return
        read = []
        for path, content in consulted.reads.items():
            known = snapshot.identity(path)
            if not outside.covers(known):
                read.append((path, content))
            elif known != content:
                return
        looked_for = []
        for path, there in consulted.looked_for.items():
            if snapshot.identity(path) is None:
                looked_for.append((path, there))
            elif not there:
                return
        value = (sorted(read), sorted(looked_for), sorted(consulted.listings.items()), answer)
        store.save(self._kind, self._key(snapshot.digest, seen), pickle.dumps(value, 5))

    def _key(self, digest: bytes, seen: list[object]) -> bytes:
        tree = self._tree
        parts = [str(tree.root), tree.version_text, tree.project, *seen]
        rules = identity.rules(self._rules_dirs)
        return b"%b %b %b" % (rules, digest, repr(parts).encode("utf-8", "surrogateescape"))


def content(value: object) -> object:
    """An option's value in a form whose ``repr`` says all that matters: of files, what is in them."""
    if isinstance(value, Path):
        folder, name = os.path.split(os.path.abspath(value))
        return str(value), examine(folder, name)[2] if value.is_file() else NO_FILE
    if isinstance(value, (frozenset, set)):
        return sorted(value, key=repr)
    if isinstance(value, tuple):
        return [content(each) for each in value]
    return value
