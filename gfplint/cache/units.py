"""Answers to parts of a run, each with what it rests on: after an edit, those that it can't touch still hold.

A unit of work (a folder's callbacks, the registrations in a file) is kept under a key that says what was
asked. Kept with its answer are the state of the tree and all that was asked of it on the way
(:mod:`gfplint.kernel.trace`), with digests of what was found. A later run looks at what files that are no
longer as they were have now and had then, and asks again what that may have changed:

- names in the index and stores into fields, known by hashes. Where one of these clashes, the
  digests differ, and an answer that would have held is computed again, nothing else;
- parts of files, mostly the definitions of a name;
- searches for words, and what is outside of the index.

An answer is kept only if every file that it rests on was, when it was read, as the run's snapshot says.
"""

from __future__ import annotations

import marshal
import os
import pickle
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast
from zlib import compress, decompress

from xxhash import xxh3_64_digest, xxh3_128_digest

from gfplint.cache import identity, outside
from gfplint.kernel.rows import ROWS, STORES, Words, folders_of, hash_below, path_hash, rows_hash, word_hash
from gfplint.kernel.tables import Tables
from gfplint.kernel.trace import Leaf, digest
from gfplint.kernel.tree import KernelTree
from gfplint.resources import rules_directory

_KIND = "unit"
Facts = Callable[[str], bytes]
"""Answers what a unit may ask the run about, as digests."""

Books = dict[str, list[Any]]
"""What the work enters in the books of a run, by the name of the book."""


Question = tuple[str, str, str]
"""The arguments of :meth:`gfplint.kernel.index.Index.again`."""


class Changes(NamedTuple):
    """What changed since a state."""

    paths: list[str]
    files: set[int]
    """Their hashes."""
    asked: dict[int, Question | None]
    """What may have another answer now, by hash; None: what has, or can't be asked again."""
    stores: dict[str, frozenset[int]]
    """Files of the base of which nobody knows into which fields they store there, with the hashes of those in
    the other state."""


class Parts(Protocol):
    """Asks about parts of files as they are now (:class:`gfplint.program.parts.Parts`)."""

    def items(self, path: str) -> Mapping[int, int] | None:
        """The digests of a file's items by the hash of their name; None where it can't be read."""

    def order(self, path: str, names: Collection[int]) -> int:
        """The digest of the order of the items with names of these hashes."""

    def again(self, path: str, question: str, argument: object) -> int:
        """The digest of the answer to another question."""


class Anchors(Protocol):
    """Writes and reads answers with positions (:class:`gfplint.program.anchors.Anchors`)."""

    def dumps(self, answer: object) -> tuple[bytes, dict[str, list[Any]]]:
        """An answer, and by file what its positions go by."""

    def loads(self, data: bytes, kept: dict[str, list[Any]], moved: Iterable[str]) -> Any:
        """The answer with its positions where they are now that some files aren't as they were. Raises
        :class:`LookupError` where one is gone.
        """


_Part = tuple[bytes, bytes, int, int, bytes, list[tuple[str, object, int]]]
"""What was asked of a file: hashes of names with items and the digests of these, how many of them (the first)
must be in the order that they were in and a digest of it, hashes of names without items, and other questions
with digests."""


class _Record(NamedTuple):
    state: bytes
    files: bytes
    """Of whole files: hashes, four bytes each."""
    asked: bytes
    """Of what was asked of the index: hashes, eight bytes each."""
    found: bytes
    """Of the answers to these: digests, eight bytes each."""
    parts: dict[str, _Part]
    """By path."""
    words: list[tuple[str, list[str], bytes]]
    """(place, words, digests of the files that mention each)"""
    many: list[tuple[str, int, bool]]
    near: list[tuple[str, str, int]] | None
    """Of stores into fields below a folder where these are told by searches, (field, folder, digest); else
    they are among those asked."""
    read: list[tuple[str, bytes]]
    """Files whose content the snapshot doesn't speak of, with their identities."""
    looked_for: list[tuple[str, bool]]
    listings: list[tuple[str, list[str]]]
    facts: list[tuple[str, bytes]]
    books: bytes
    answer: bytes
    anchors: dict[str, list[Any]]


class Units:
    """The kept answers about one tree, which may have no store: then there are none."""

    def __init__(self, tree: KernelTree, rules_dirs: Iterable[Path], seen: Sequence[object]) -> None:
        """``seen``: the options that every answer depends on."""
        self._tree = tree
        self._changes: dict[bytes, Changes | None] = {}
        self._again: dict[tuple[str, str, str], int] = {}
        self._may_store: dict[tuple[str, str], frozenset[int] | None] = {}
        self.anchors: Anchors | None = None
        self.parts: Parts | None = None
        """Asks about parts of files again. Without it, an answer that rests on a part of a file that has
        changed counts as touched."""
        self._state: bytes | None = None
        self._ground: list[Leaf] = []
        self._looked_at = 0
        self._saved_since = False
        self.on = tree.store is not None and not os.environ.get("GFPLINT_DEBUG")
        if self.on:
            rules = identity.rules((rules_directory(), *rules_dirs))
            parts = [str(tree.root), tree.version_text, tree.project, *seen]
            self._prefix = rules + xxh3_128_digest(repr(parts).encode("utf-8", "surrogateescape"))

    def covers(self, path: str) -> bool:
        """Whether an edit of a file is noticed by what is in it."""
        snapshot = self._tree.snapshot
        return snapshot is not None and outside.covers(snapshot.identities.get(path))

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
            records.append(record if record is not None and self._untouched(record, facts) else None)
        self._search(each for each in records if each is not None)
        found: list[tuple[Any, Books] | None] = []
        for record in records:
            if record is None or not self._same_words(record):
                found.append(None)
                continue
            consulted = self._tree.consulted
            for path, content in record.read:
                consulted.note_read(path, content)
            consulted.looked_for.update(record.looked_for)
            consulted.listings.update(record.listings)
            found.append(self._answer(record))
        return found

    def _answer(self, record: _Record) -> tuple[Any, Books] | None:
        """The answer with its books, None where what it speaks of isn't where it was, nor anywhere else."""
        if self.anchors is None:
            answer, notes = pickle.loads(record.answer)
        else:
            changes = self._since(record.state) if record.state != self._here() else None
            try:
                answer, notes = self.anchors.loads(
                    record.answer, record.anchors, changes.paths if changes is not None else ()
                )
            except LookupError:
                return None
        return answer, {**marshal.loads(decompress(record.books)), "notes": notes}

    def _untouched(self, record: _Record, facts: Facts | None) -> bool:
        """Whether everything but searches is as it was."""
        if record.facts and (facts is None or any(facts(name) != digest for name, digest in record.facts)):
            return False
        if record.state != self._here():
            changes = self._since(record.state)
            if changes is None or not self._as_found(record, changes):
                return False
            if any(
                self._stored_otherwise(field, "", changes)
                and self._tree.index.many_stores(field, most) != many
                for field, most, many in record.many
            ):
                return False
        return outside.as_then(str(self._tree.root), record.read, record.looked_for, record.listings)

    def _as_found(self, record: _Record, changes: Changes) -> bool:
        """Whether what the changes may have touched is as it was."""
        if not changes.files.isdisjoint(array("I", record.files)):
            return False
        if record.near is None and changes.stores:
            return False
        for field, folder, digest_then in record.near or ():
            if (
                self._stored_otherwise(field, folder, changes)
                and self._ask(("near", folder, field)) != digest_then
            ):
                return False
        asked = array("Q", record.asked)
        touched = changes.asked.keys() & set(asked)
        if touched:
            found = dict(zip(asked, array("Q", record.found), strict=True))
            for each in touched:
                question = changes.asked[each]
                if question is None or self._ask(question) != found[each]:
                    return False
        return all(self._same_parts(path, record) for path in changes.paths if path in record.parts)

    def _stored_otherwise(self, field: str, folder: str, changes: Changes) -> bool:
        """Whether a change may be one of what files below a folder store in a field of that name."""
        if word_hash(STORES, field, folder) in changes.asked:
            return True
        if not changes.stores:
            return False
        index = self._tree.index
        key = field, folder
        if key not in self._may_store:
            self._may_store[key] = index.storing.in_base(field, folder.rstrip("/"))
        then, plain = self._may_store[key], word_hash(STORES, field)
        return any(
            plain in now or then is None or index.tables.number(path) in then
            for path, now in changes.stores.items()
            if not folder or folder in folders_of(path)
        )

    def _ask(self, question: Question) -> int:
        """Ask something of the index again."""
        known = self._again.get(question)
        if known is None:
            known = self._again[question] = self._tree.index.again(*question)
        return known

    def _same_parts(self, path: str, record: _Record) -> bool:
        items = self.parts.items(path) if self.parts is not None else None
        if self.parts is None or items is None:
            return False
        names, digests, ordered, order, absent, others = record.parts[path]
        if not items.keys().isdisjoint(array("I", absent)):
            return False
        own = array("I", names)
        if any(items.get(name) != found for name, found in zip(own, array("Q", digests), strict=True)):
            return False
        if ordered > 1 and self.parts.order(path, frozenset(own[:ordered])) != order:
            return False
        return all(
            self.parts.again(path, question, argument) == found for question, argument, found in others
        )

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
        record = self._record(self._tree.trace.leaves(node), answer, facts)
        if record is not None:
            store.put(_KIND, self._key(key), marshal.dumps(tuple(record), 4))

    def _record(self, leaves: list[Leaf], answer: object, facts: Facts | None) -> _Record | None:
        tree = self._tree
        snapshot = tree.snapshot
        state = self._here()
        if snapshot is None or state is None or self._torn():
            return None
        identity, consulted = snapshot.identity, tree.consulted
        files, asked, found = array("I"), array("Q"), array("Q")
        parts: dict[str, list[tuple[Any, ...]]] = {}
        words: dict[str, list[str]] = {}
        books: Books = {}
        many: list[tuple[str, int, bool]] = []
        near: list[tuple[str, str, int]] | None = None if tree.index.tables.keeps_stores else []
        read: list[tuple[str, bytes]] = []
        looked_for: list[tuple[str, bool]] = []
        listings: list[tuple[str, list[str]]] = []
        told: list[tuple[str, bytes]] = []
        for leaf in {*leaves, *self._ground}:
            kind, what = leaf[0], str(leaf[1])
            covered = kind in ("item", "ask") and outside.covers(identity(what))
            if kind == "book":
                books.setdefault(what, []).append(leaf[2:] if len(leaf) > 3 else leaf[2])
            elif kind == "file" or (kind == "ask" and not covered and leaf[2] == "exists"):
                known = identity(what)
                content = consulted.reads.get(what)
                if known is None and what in consulted.looked_for:
                    looked_for.append((what, consulted.looked_for[what]))
                if content is not None and not outside.covers(known):
                    read.append((what, content))
                files.append(path_hash(what))
            elif kind == "item" or kind == "ask":
                if covered:
                    parts.setdefault(what, []).append(leaf)
                else:
                    read.append((what, consulted.reads[what]))
            elif kind == "name" or kind == "rows":
                asked.append((word_hash if kind == "name" else rows_hash)(what, str(leaf[2])))
                found.append(cast(int, leaf[3]))
            elif kind == "near" and near is not None:
                near.append((what, str(leaf[2]), cast(int, leaf[3])))
            elif kind == "near":
                asked.append(word_hash(STORES, what, str(leaf[2])))
                found.append(cast(int, leaf[3]))
            elif kind == "many":
                most = int(str(leaf[2]))
                many.append((what, most, tree.index.many_stores(what, most)))
            elif kind == "word":
                words.setdefault(str(leaf[2]), []).append(what)
            elif kind == "list":
                listings.append((what, consulted.listings[what]))
            elif kind == "fact" and facts is not None:
                told.append((what, facts(what)))
            else:
                return None
        notes = sorted(books.pop("notes", ()))
        searched = []
        for place, each in sorted(words.items()):
            each.sort()
            searched.append((place, each, self._found(place, each)))
        return _Record(
            state,
            files.tobytes(),
            asked.tobytes(),
            found.tobytes(),
            {path: _packed(each) for path, each in parts.items()},
            searched,
            sorted(many),
            sorted(near) if near is not None else None,
            sorted(set(read)),
            sorted(looked_for),
            sorted(listings),
            sorted(told),
            compress(marshal.dumps(books, 4), 1),
            *(self.anchors.dumps if self.anchors is not None else _dumps)((answer, notes)),
        )

    def _torn(self) -> bool:
        """Whether any file wasn't as the snapshot says when it was read."""
        tree = self._tree
        reads, snapshot = tree.consulted.reads, tree.snapshot
        for path, content in islice(reads.items(), self._looked_at, None):
            known = snapshot.identity(path) if snapshot is not None else None
            self._saved_since |= outside.covers(known) and known != content
        self._looked_at = len(reads)
        return self._saved_since or tree.consulted.changing or tree.index.tables.torn

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

    def _since(self, state: bytes) -> Changes | None:
        """What files that aren't as in a state have or had; None where that is unknown."""
        if state not in self._changes:
            self._changes[state] = self._compare(state)
        return self._changes[state]

    def _compare(self, state: bytes) -> Changes | None:
        tables, store = self._tables(), self._tree.store
        data = store.get("state", state) if store is not None else None
        if data is None:
            return None
        base, pairs = marshal.loads(data)
        if base != tables.key:
            return None
        then, now = dict(pairs), tables.changed
        changes = Changes([], set(), {}, {})
        for path in sorted({*then, *now}):
            before, after = (each.get(path, tables.in_base(path)) for each in (then, now))
            if before == after:
                continue
            words = tables.words_of(path, before), tables.words_of(path, after)
            if words[0] is None or words[1] is None:
                return None
            changes.paths.append(path)
            changes.files.add(path_hash(path))
            if words[0][1] is None or words[1][1] is None:
                changes.stores[path] = frozenset(array("Q", words[0][1] or words[1][1] or b""))
            _compare_words(path, words[0], words[1], tables.asked_of(path), changes.asked)
        return changes


def _compare_words(
    path: str,
    before: Words,
    after: Words,
    names: Iterable[tuple[str, str]],
    asked: dict[int, Question | None],
) -> None:
    """Add to ``asked`` what an edit of a file may have changed. ``names``: the groups and names that the file
    has now. What only one state has, some answer lacks, or its name is unknown.
    """
    told = {word_hash(group, name): (group, name) for group, name in names}
    for position, (one, other) in enumerate(zip(before, after, strict=True)):
        if one is None or other is None:
            continue
        old, new = set(array("Q", one)), set(array("Q", other))
        for each in old | new:
            group, name = told.get(each, ("", ""))
            same = each in old and each in new and bool(group)
            if position:
                asked.setdefault(each, ("near", "", name)) if same else asked.update({each: None})
                for folder in folders_of(path):
                    inside = hash_below(each, folder)
                    asked.setdefault(inside, ("near", folder, name)) if same else asked.update({inside: None})
            else:
                rows = each ^ ROWS
                asked.setdefault(each, ("name", group, name)) if same else asked.update({each: None})
                asked.setdefault(rows, ("rows", group, name)) if same else asked.update({rows: None})


def _dumps(answer: object) -> tuple[bytes, dict[str, list[Any]]]:
    return pickle.dumps(answer, 5), {}


def _packed(leaves: list[tuple[Any, ...]]) -> _Part:
    """What was asked of one file, as a record has it."""
    names, digests, absent = array("I"), array("Q"), array("I")
    order: list[tuple[int, int]] = []
    others: list[tuple[str, object, int]] = []
    items: list[tuple[bool, int, int, tuple[int, ...]]] = []
    for leaf in leaves:
        if leaf[0] == "ask":
            others.append((str(leaf[2]), leaf[3], leaf[4]))
        elif leaf[3]:
            items.append((not leaf[4], path_hash(leaf[2]), leaf[3], leaf[4]))
        else:
            absent.append(path_hash(leaf[2]))
    items.sort()
    for _, name, found, starts in items:
        names.append(name)
        digests.append(found)
        order.extend([(start, name) for start in starts])
    others.sort(key=repr)
    order.sort()
    ordered = sum(not item[0] for item in items)
    together = digest([name for _, name in order]) if ordered > 1 else 0
    return names.tobytes(), digests.tobytes(), ordered, together, absent.tobytes(), others
