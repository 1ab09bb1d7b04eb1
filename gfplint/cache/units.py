"""Answers to parts of a run, each with what it rests on: after an edit, those that it can't touch still hold.

A unit of work (a folder's callbacks, the registrations in a file) is kept under a key that says what was
asked. Kept with its answer are the state of the tree and all that was asked of it on the way
(:mod:`gfplint.kernel.trace`):

- files, names in the index and stores into fields, as hashes of 32 bits. A later run compares them with the
  hashes of what files that are no longer as they were have now and had then. Two names of one hash make it
  compute an answer again that would have held, nothing else;
- searches for words, and what is outside of the index, with digests of what was found.

An answer is kept only if every file that it rests on was, when it was read, as the run's snapshot says.
"""

from __future__ import annotations

import marshal
import os
import pickle
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zlib import compress, decompress

from xxhash import xxh3_64_digest, xxh3_128_digest

from gfplint.cache import identity, outside
from gfplint.kernel.tables import STORES, Tables, path_hash, touched, word_hash
from gfplint.kernel.trace import Leaf
from gfplint.kernel.tree import KernelTree
from gfplint.resources import rules_directory

_KIND = "unit"
Facts = Mapping[str, bytes]
"""What a unit may have asked the run about, by name, as digests."""

Books = dict[str, list[Any]]
"""What the work enters in the books of a run, by the name of the book."""


class _Record(NamedTuple):
    state: bytes
    asked: bytes
    """Hashes, four bytes each."""
    words: list[tuple[str, list[str], bytes]]
    """(place, words, digests of the files that mention each)"""
    many: list[tuple[str, int, bool]]
    read: list[tuple[str, bytes]]
    """Files whose content the snapshot doesn't speak of, with their identities."""
    looked_for: list[tuple[str, bool]]
    listings: list[tuple[str, list[str]]]
    facts: list[tuple[str, bytes]]
    books: bytes
    answer: bytes


class Units:
    """The kept answers about one tree, which may have no store: then there are none."""

    def __init__(self, tree: KernelTree, rules_dirs: Iterable[Path], seen: Sequence[object]) -> None:
        """``seen``: the options that every answer depends on."""
        self._tree = tree
        self._changes: dict[bytes, frozenset[int] | None] = {}
        self._state: bytes | None = None
        self._ground: list[Leaf] = []
        self.on = tree.store is not None and not os.environ.get("GFPLINT_DEBUG")
        if self.on:
            rules = identity.rules((rules_directory(), *rules_dirs))
            parts = [str(tree.root), tree.version_text, tree.project, *seen]
            self._prefix = rules + xxh3_128_digest(repr(parts).encode("utf-8", "surrogateescape"))

    def ground(self, leaves: list[Leaf]) -> None:
        """What every answer rests on."""
        self._ground = leaves

    # --------------------------------------------------------------------------------- loading

    def load(
        self, keys: Sequence[tuple[object, ...]], facts: Facts | None = None
    ) -> list[tuple[Any, Books] | None]:
        """For each key the answer of an earlier run and what belongs in the books, None where none holds."""
        store = self._tree.store
        if not self.on or store is None or self._here() is None:
            return [None] * len(keys)
        records: list[_Record | None] = []
        for key in keys:
            data = store.get(_KIND, self._key(key))
            record = _Record(*marshal.loads(data)) if data is not None else None
            records.append(record if record is not None and self._untouched(record, facts or {}) else None)
        self._search(each for each in records if each is not None)
        found: list[tuple[Any, Books] | None] = []
        for record in records:
            if record is None or not self._same_words(record):
                found.append(None)
                continue
            consulted = self._tree.consulted
            consulted.reads.update(record.read)
            consulted.looked_for.update(record.looked_for)
            consulted.listings.update(record.listings)
            answer, notes = pickle.loads(record.answer)
            found.append((answer, {**marshal.loads(decompress(record.books)), "notes": notes}))
        return found

    def _untouched(self, record: _Record, facts: Facts) -> bool:
        """Whether everything but searches is as it was."""
        if any(facts.get(name) != digest for name, digest in record.facts):
            return False
        if record.state != self._here():
            changes = self._since(record.state)
            if changes is None or not changes.isdisjoint(array("I", record.asked)):
                return False
            for field, most, many in record.many:
                if word_hash(STORES, field) in changes and self._tree.index.many_stores(field, most) != many:
                    return False
        return outside.as_then(str(self._tree.root), record.read, record.looked_for, record.listings)

    def _search(self, records: Iterable[_Record]) -> None:
        """Make the searches of these answers again, all at once: most are known."""
        here = self._here()
        wanted: dict[str, set[str]] = {}
        for record in records:
            if record.state != here:
                for place, words, _ in record.words:
                    wanted.setdefault(place, set()).update(words)
        for place, together in wanted.items():
            self._mentions(sorted(together), place)

    def _same_words(self, record: _Record) -> bool:
        if record.state == self._here():
            return True
        return all(self._found(place, words) == digests for place, words, digests in record.words)

    def _mentions(self, words: Sequence[str], place: str) -> dict[str, tuple[str, ...]]:
        headers = place.endswith("/*.h")
        return self._tree.index.mentions(words, place.removesuffix("/*.h"), headers=headers)

    def _found(self, place: str, words: Sequence[str]) -> bytes:
        answers = self._mentions(words, place)
        return b"".join(
            xxh3_64_digest("\n".join(answers[word]).encode("utf-8", "surrogateescape")) for word in words
        )

    # ---------------------------------------------------------------------------------- saving

    def save(self, key: tuple[object, ...], node: int, answer: object, facts: Facts | None = None) -> None:
        """Keep an answer that rests on a node of the trace."""
        store = self._tree.store
        if not self.on or store is None:
            return
        record = self._record(self._tree.trace.leaves(node), answer, facts or {})
        if record is not None:
            store.put(_KIND, self._key(key), marshal.dumps(tuple(record), 4))

    def _record(self, leaves: list[Leaf], answer: object, facts: Facts) -> _Record | None:
        tree = self._tree
        snapshot = tree.snapshot
        state = self._here()
        if snapshot is None or state is None or tree.index.tables.torn:
            return None
        identities, consulted = snapshot.identities, tree.consulted
        asked = array("I")
        words: dict[str, list[str]] = {}
        books: Books = {}
        many: list[tuple[str, int, bool]] = []
        read: list[tuple[str, bytes]] = []
        looked_for: list[tuple[str, bool]] = []
        listings: list[tuple[str, list[str]]] = []
        told: list[tuple[str, bytes]] = []
        for leaf in {*leaves, *self._ground}:
            kind, what = leaf[0], str(leaf[1])
            if kind == "book":
                books.setdefault(what, []).append(leaf[2:] if len(leaf) > 3 else leaf[2])
            elif kind == "file":
                known = identities.get(what)
                content = consulted.reads.get(what)
                if known is None and what in consulted.looked_for:
                    looked_for.append((what, consulted.looked_for[what]))
                if content is not None and not outside.covers(known):
                    read.append((what, content))
                elif content is not None and content != known:
                    return None  # saved since the run began
                asked.append(path_hash(what))
            elif kind == "name":
                asked.append(word_hash(what, str(leaf[2])))
            elif kind == "near":
                asked.append(word_hash(STORES, what, str(leaf[2])))
            elif kind == "many":
                most = int(str(leaf[2]))
                many.append((what, most, tree.index.many_stores(what, most)))
            elif kind == "word":
                words.setdefault(str(leaf[2]), []).append(what)
            elif kind == "list":
                listings.append((what, consulted.listings[what]))
            elif kind == "fact":
                told.append((what, facts[what]))
            else:
                return None
        notes = sorted(books.pop("notes", ()))
        searched = []
        for place, each in sorted(words.items()):
            each.sort()
            searched.append((place, each, self._found(place, each)))
        return _Record(
            state,
            asked.tobytes(),
            searched,
            sorted(many),
            sorted(read),
            sorted(looked_for),
            sorted(listings),
            sorted(told),
            compress(marshal.dumps(books, 4), 1),
            pickle.dumps((answer, notes), 5),
        )

    # ---------------------------------------------------------------------------------- states

    def _key(self, key: tuple[object, ...]) -> bytes:
        return self._prefix + xxh3_128_digest(repr(key).encode("utf-8", "surrogateescape"))

    def _tables(self) -> Tables:
        tables = self._tree.index.tables
        tables.open()
        return tables

    def _here(self) -> bytes | None:
        """The state of the tree: 16 bytes for the base of the index and what has changed since; None where
        that is unknown.
        """
        if self._state is None:
            tables, store = self._tables(), self._tree.store
            if tables.key is None or store is None:
                return None
            value = tables.key, sorted(tables.changed.items())
            data = marshal.dumps(value, 2)
            self._state = xxh3_128_digest(data)
            if store.get("state", self._state) is None:
                store.put("state", self._state, data)
        return self._state

    def _since(self, state: bytes) -> frozenset[int] | None:
        """The hashes of what files that aren't as in a state have or had; None where that is unknown."""
        if state not in self._changes:
            self._changes[state] = self._compare(state)
        return self._changes[state]

    def _compare(self, state: bytes) -> frozenset[int] | None:
        tables, store = self._tables(), self._tree.store
        data = store.get("state", state) if store is not None else None
        if data is None:
            return None
        base, pairs = marshal.loads(data)
        if base != tables.key:
            return None
        then, now = dict(pairs), tables.changed
        found: set[int] = set()
        for path in sorted({*then, *now}):
            before, after = (each.get(path, tables.in_base(path)) for each in (then, now))
            if before == after:
                continue
            for content in (before, after):
                words = tables.words_of(path, content)
                if words is None:
                    return None
                found.update(touched(path, words))
        return frozenset(found)
