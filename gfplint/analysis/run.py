"""One run: options in, report out. The order of the questions, and nothing else."""

from __future__ import annotations

import contextlib
import difflib
import os
import pickle
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from gfplint.analysis import confidence
from gfplint.analysis.callbacks import Answer, Awaited, Link, awaited
from gfplint.analysis.conditions import Conditions
from gfplint.analysis.evaluate import Evaluator, Limits
from gfplint.analysis.explain_scopes import ScopeExplainer
from gfplint.analysis.grouping import Match, grouped, keep_best
from gfplint.analysis.kept_callbacks import KeptCallbacks
from gfplint.analysis.phases import Phases, Query, chained, starts_chain
from gfplint.analysis.relevant import MOST_FILES, Relevant
from gfplint.analysis.suppressions import Suppressions
from gfplint.analysis.touched import Touched
from gfplint.analysis.unbalanced import Scopes
from gfplint.api import CheckOptions
from gfplint.errors import SourceError, UsageError
from gfplint.findings import CallbackLocks, Confidence, Finding, Lock, Note, Report, Statistics
from gfplint.kernel.tree import KernelTree
from gfplint.models import Models, Version
from gfplint.program.program import Program
from gfplint.resources import rules_directory
from gfplint.rules import Context, Rule, Rules

if TYPE_CHECKING:
    from gfplint.cache.units import Units

_MOST_LINKS = 2
"""Threads between the allocation and the callback in the longest chains that are looked for; chains of more
than one have low confidence.
"""

_MOST_KEPT = 200
"""Named files: a run on more splits half the tree, and keeps none of it but what it works out."""


def load(options: CheckOptions, version: Version | None) -> tuple[Rules, Models]:
    """The rules and API models for a kernel of this version."""
    dirs = (rules_directory(), *options.rules_dirs)
    return Rules.load(dirs, version), Models.load(dirs, version)


class Run:
    """Opens the rules once and answers for the tree."""

    def __init__(
        self,
        options: CheckOptions,
        tree: KernelTree,
        loaded: tuple[Rules, Models] | None = None,
        limits: Limits | None = None,
    ) -> None:
        """``loaded``: what :func:`load` says, if that is known. ``limits``: bounds of all walks; by default
        those that findings of the confidence asked for need.
        """
        self.options = options
        self._limits = limits or confidence.limits(options.min_confidence)
        self.tree = tree
        self.paths = (
            self._changed_paths() if options.reach else [self.tree.relative(path) for path in options.paths]
        )
        self.rules, models = loaded if loaded is not None else load(options, self.tree.version)
        self.program = Program(self.tree, models)
        self._kept_models = self._load_models()
        units = self._units()
        self.evaluator = Evaluator(self.program, self._limits)
        self.conditions = Conditions(self.program.masks)
        self.evaluator.telling = self.conditions.telling(self.rules)
        self.evaluator.pointers.foreign = self.rules.only_through()
        self.phases = Phases(self.program, self.rules, self.evaluator, options.jobs, units)
        self.suppressions = Suppressions(self.program, self.rules)
        self._callbacks: dict[tuple[str, ...], list[Answer]] = {}
        self.touched = Touched(self.program, options.changes) if options.changes is not None else None
        self.files = self.touched.files() if self.touched is not None and options.reach else self._files()
        if len(self.files) > _MOST_KEPT:
            self._share()
        if self.touched is None and len(self.files) <= MOST_FILES:
            self.tree.index.stores_when_asked()

    def _share(self) -> None:
        """Most of what is read is read again, here or in other processes: it is shared, and not kept."""
        from gfplint.kernel.scratch import Scratch
        from gfplint.program.shared import Shared

        if self.program.kept_files is not None:
            self.program.kept_files.left = 0
        with contextlib.suppress(OSError):  # no room for temporary files
            store = self.tree.store
            self.program.shared = Shared(self.tree, Scratch(store.folder if store is not None else None))

    def _units(self) -> Units | None:
        """Where answers of earlier runs are kept, if the tree has a store. All of them rest on the values of
        masks and the names of loop macros.
        """
        tree = self.tree
        if tree.store is None:
            return None
        from gfplint.cache.kept import content
        from gfplint.cache.units import Units
        from gfplint.program.anchors import Anchors
        from gfplint.program.kept_files import KeptFiles
        from gfplint.program.parts import Parts

        units = Units(tree, self.options.rules_dirs, [tree.arch, content(self.options.kconfig), self._limits])
        outer = tree.trace.enter()
        _ = self.program.masks, tree.index.loop_macros
        kept_files = KeptFiles(tree, units)

        def fresh() -> Program:
            program = Program(tree, self.program.models)
            program.kept_files = kept_files
            return program

        units.parts = Parts(tree, fresh, self.program.loaded)
        units.anchors = Anchors(units.parts, units.covers)
        self.program.kept_files = kept_files
        units.ground(tree.trace.leaves(tree.trace.leave(outer)))
        return units

    def _load_models(self) -> int:
        """Take over the API models that an earlier run has parsed, and say how many these are."""
        store = self.tree.store
        data = store.get("models", self._models_key()) if store is not None else None
        if data is None:
            return 0
        built = pickle.loads(data)
        self.program.models.adopt(built)
        return len(built)

    def _keep_models(self) -> None:
        store, built = self.tree.store, self.program.models.built
        if store is not None and len(built) > self._kept_models:
            store.put("models", self._models_key(), pickle.dumps(built, 5))

    def _models_key(self) -> bytes:
        from gfplint.cache import identity

        dirs = (rules_directory(), *self.options.rules_dirs)
        return identity.rules(dirs) + repr((dirs, self.tree.version)).encode("utf-8", "surrogateescape")

    def _changed_paths(self) -> list[str]:
        """Those of the changed files that are in the tree."""
        found = []
        for path in self.options.paths:
            with contextlib.suppress(SourceError):
                found.append(self.tree.relative(path))
        return found

    def _files(self) -> list[str]:
        files: set[str] = set()
        for given, path in zip(self.options.paths, self.paths, strict=True):
            if path.endswith(".h") and given.is_file():
                files.add(path)
                continue
            found = self.tree.c_files(path)
            if not found and given.is_dir():
                raise UsageError(f"There are no C files in {given}.")
            if not found and path.endswith(".c"):
                raise UsageError(f"{given} is not a C file: it is no regular file.")
            if not found:
                raise UsageError(f"{given} is not a C file: its name ends neither in .c nor in .h.")
            files.update(found)
        closed = {path for path in files if not os.access(self.tree.root / path, os.R_OK)}
        for path in closed:
            self.program.notes.add(Note("unreadable-file", path, 0, "It can't be read: no permission."))
        if closed == files:
            raise UsageError(f"{self.options.paths[0]} has no C file that can be read: no permission.")
        for folder in self.tree.unlistable:
            self.program.notes.add(Note("unreadable-file", folder, 0, "The folder can't be listed."))
        return sorted(files - closed)

    def selected(self) -> list[Rule]:
        """The rules to apply, by id. An id or name that doesn't exist is an error that names the nearest."""
        by_name = {rule.name: rule.id for rule in self.rules}
        known = [*self.rules.ids, *sorted(by_name)]

        def ids(names: Iterable[str]) -> set[str]:
            found: set[str] = set()
            for name in sorted(names):
                if name not in known:
                    near = difflib.get_close_matches(name, known, 1)
                    hint = (
                        f" Did you mean {near[0]}?"
                        if near
                        else f" The rules are {', '.join(self.rules.ids)}."
                    )
                    raise UsageError(f"There is no rule {name}.{hint}")
                found.add(by_name.get(name, name))
            return found

        chosen = ids(self.options.select) if self.options.select is not None else set(self.rules.ids)
        chosen -= ids(self.options.ignore)
        return [self.rules.rule(id) for id in sorted(chosen)]

    # ------------------------------------------------------------------------------- check

    def check(self) -> Report:
        """Apply the selected rules to the paths."""
        rules = self.selected()
        contexts = sorted({name for rule in rules for name in rule.contexts})
        nothing = self.touched is not None and not self.touched.anything
        # With changes, a callback that they touch may make others' files matter.
        relevant = Relevant(self.evaluator, self.files) if self.touched is None else None
        while True:
            followed = [self.rules.context(name) for name in contexts]
            answers = [] if nothing else self._find_callbacks(followed, relevant)
            waits = {
                name: self._touched_first(
                    awaited(each for each in answers if each.registered.context == name)
                )
                for name in contexts
            }
            findings = self._findings(rules, answers, waits)
            more = relevant.overlooked(self.phases.held) if relevant is not None else []
            if not more:
                break
            self._callbacks.clear()
            relevant = Relevant(self.evaluator, self.files, more)
        left_out = relevant.left_out if relevant is not None else 0
        if not self.options.reach:
            self._look_at_named_files()
        self._keep_models()
        findings = [each for each in findings if each.confidence >= self.options.min_confidence]
        findings.sort(
            key=lambda each: (each.place.path, each.place.line, each.place.column, each.rule, each.message)
        )
        return Report(
            findings=findings,
            notes=sorted(
                {
                    *self._notes(),
                    *self.suppressions.notes(
                        self.files,
                        # A change is no occasion to judge what it doesn't touch.
                        [rule.id for rule in rules] if self.touched is None else [],
                        self.options.min_confidence,
                    ),
                }
            ),
            statistics=self._statistics(
                len(answers) + left_out, left_out, len({name for each in waits.values() for name in each})
            ),
            root=str(self.tree.root),
            kernel_version=self.tree.version_text,
            paths=[self.tree.shown(path) for path in self.paths],
        )

    def _findings(
        self, rules: list[Rule], answers: list[Answer], waits: dict[str, dict[str, list[Awaited]]]
    ) -> list[Finding]:
        """All that the rules find. ``waits``: for each context who waits for which lock."""
        findings: list[Finding] = []
        queries: list[Query] = []
        for rule in rules:
            if rule.kind == "scope":
                findings.extend(self._unbalanced(rule))
            elif rule.kind == "inside":
                findings.extend(
                    self._inside(rule, [each for each in answers if each.registered.context in rule.contexts])
                )
            elif rule.kind == "lock-held":
                queries += [Query(rule, self.rules.context(name), waits[name]) for name in rule.contexts]
        findings.extend(self._held(queries, [rule for rule in rules if rule.kind == "chain"], waits))
        return findings

    def _find_callbacks(self, contexts: list[Context], relevant: Relevant | None = None) -> list[Answer]:
        """All callbacks of these contexts and what they wait for; with ``relevant`` those that matter."""
        key = tuple(context.id for context in contexts)
        if key not in self._callbacks:
            self._progress("looking for callbacks of reclaim", 0, 1)
            kept = KeptCallbacks(self.options, self.tree, self.phases, key, self._limits)
            answers = kept.load() if relevant is None or not relevant.few_files else None
            if answers is None:
                answers = self.phases.callbacks(
                    contexts,
                    lambda done, total: self._progress("following callbacks of reclaim", done, total),
                    relevant,
                )
                if relevant is None or not relevant.left_out:
                    kept.save(answers)
            self._callbacks[key] = answers
        return self._callbacks[key]

    def _progress(self, what: str, done: int, total: int) -> None:
        if self.options.progress is not None:
            self.options.progress(what, done, total)

    def _inside(self, rule: Rule, answers: list[Answer]) -> list[Finding]:
        best: dict[tuple[object, ...], Finding] = {}
        wanted = set(self.files)
        for answer in answers:
            if answer.registered.callback.path not in wanted and not self.options.reach:
                continue
            for each in answer.inside:
                if each.rule == rule.id and (self.touched is None or self.touched.finding(each)):
                    finding = self.suppressions.apply(each)
                    keep_best(best, (rule.id, finding.place, finding.active), finding)
        return list(best.values())

    def _held(
        self, queries: list[Query], chains: list[Rule], waits: dict[str, dict[str, list[Awaited]]]
    ) -> list[Finding]:
        """The findings of rules about allocations under locks: those of ``queries``, and along the chains of
        the rules in ``chains``.
        """
        asked = queries
        if chains:
            # A chain begins with a lock that is waited for, whether its own rule was selected or not.
            names = sorted({name for rule in chains for name in rule.contexts})
            known = {query.context.id for query in queries}
            asked = queries + [
                Query(chains[0], self.rules.context(name), waits[name]) for name in names if name not in known
            ]
        first = {name for query in asked for name, each in query.waits.items() if starts_chain(each)}
        matches, links = self._regions(asked, frozenset(first) if chains else frozenset())
        taken = {query.rule.id for query in queries}
        matches = [match for match in matches if match.finding.rule in taken]
        everything = {name for query in asked for name in query.waits}
        for length in range(1, 1 + (_MOST_LINKS if self.options.min_confidence is Confidence.LOW else 1)):
            longer = [
                Query(rule, self.rules.context(name), chained(waits[name], links, everything))
                for rule in chains
                for name in rule.contexts
            ]
            longer = [query for query in longer if query.waits]
            if not longer:
                break
            reached = frozenset(name for query in longer for name in query.waits)
            more, links = self._regions(longer, reached if length < _MOST_LINKS else frozenset())
            matches += more
            everything |= reached
            waits = {query.context.id: query.waits for query in longer}
            waits = {name: waits.get(name, {}) for rule in chains for name in rule.contexts}
        return grouped(
            (
                replace(match, finding=self.suppressions.apply(match.finding))
                for match in matches
                if self.touched is None or self.touched.finding(match.finding)
            ),
            self.options.min_confidence,
        )

    def _regions(self, queries: list[Query], linked: frozenset[str]) -> tuple[list[Match], list[Link]]:
        return self.phases.regions(
            self.files,
            queries,
            self.options.min_confidence,
            lambda done, total: self._progress("looking at what is allocated under locks", done, total),
            linked,
        )

    def _touched_first(self, waits: dict[str, list[Awaited]]) -> dict[str, list[Awaited]]:
        """Of the callbacks that wait for a lock, one that the changes touch is the witness. Where there is
        one, whoever holds that lock may be in any file.
        """
        touched = self.touched
        if touched is None:
            return waits
        more: set[str] = set()
        for each in waits.values():
            flags = [touched.thread(one.thread) for one in each]
            if any(flags):
                first = flags.index(True)
                each.insert(0, each.pop(first))
                if self.options.reach and each[0].lock.word:
                    more.update(touched.files_with(each[0].lock.word))
        self.files = sorted({*self.files, *more})
        return waits

    def _unbalanced(self, rule: Rule) -> list[Finding]:
        explainer = ScopeExplainer(self.phases.explainer, self.program, rule)
        found = Scopes(self.evaluator, self.files, self.phases.work).find(rule.id, explainer.finding)
        findings = [self.suppressions.apply(each) for each in found]
        return [each for each in findings if self.touched is None or self.touched.finding(each)]

    # -------------------------------------------------------------------------- show-locks

    def show_locks(self) -> list[CallbackLocks]:
        """Every callback of reclaim that the rules know of, with the locks it waits for."""
        return [self._callback_locks(each, each.awaited) for each in self._selected_callbacks()]

    def waiters(self, locks: Collection[str]) -> dict[str, list[CallbackLocks]]:
        """Lock class name → the callbacks of reclaim that may wait for it, each with the way to that lock."""
        result: dict[str, list[CallbackLocks]] = {}
        for answer in self._selected_callbacks():
            for each in answer.awaited:
                if each.lock.name in locks:
                    found = self._callback_locks(answer, [each])
                    result.setdefault(each.lock.name, []).append(found)
        return result

    def _selected_callbacks(self) -> list[Answer]:
        names = sorted({name for rule in self.selected() for name in rule.contexts})
        return self._find_callbacks([self.rules.context(name) for name in names])

    def _callback_locks(self, answer: Answer, waits: Iterable[Awaited]) -> CallbackLocks:
        locks = []
        for each in waits:
            steps = tuple(step for step in each.thread.steps if step.kind in ("callback", "call", "wait"))
            last = steps[-1]
            assert last.place is not None
            kind = f"{each.lock.kind}, for reading" if each.shared else each.lock.kind
            locks.append((Lock(each.lock.name, kind, last.place, last.function), steps))
        return CallbackLocks(
            self.rules.context(answer.registered.context).title,
            answer.registered.callback.name,
            answer.registered_at,
            answer.defined_at,
            tuple(locks),
        )

    # ------------------------------------------------------------------------------ account

    def _look_at_named_files(self) -> None:
        """Lower all of a file that was named itself, so that what can't be understood in it is said."""
        for given, path in zip(self.options.paths, self.paths, strict=True):
            if not given.is_file():
                continue
            file = self.program.source(path)
            if file is None:
                if len(self.files) == 1:
                    reasons = [note.text for note in self.program.notes if note.path == path]
                    raise UsageError(
                        f"{given} can't be read: {reasons[0] if reasons else 'nobody knows why.'}"
                    )
                continue
            if b"\0" in file.data:
                if len(self.files) == 1:
                    raise UsageError(f"{given} is not a C file: it has NUL bytes, as no C source has.")
                self.program.notes.add(
                    Note("unreadable-file", path, 0, "It has NUL bytes, as no C source has.")
                )
            elif not file.items and file.data.strip():
                self.program.notes.add(Note("syntax", path, 0, "No definition was found in it."))
            for ref in self.program.functions_of(path):
                self.program.function(ref)

    def _notes(self) -> list[Note]:
        notes = {*self.program.notes, *(self.touched.notes if self.touched is not None else ())}
        if not self.tree.is_kernel:
            notes.add(
                Note(
                    "no-tree",
                    "",
                    0,
                    "There is no kernel tree here: only the API models say what the kernel's functions do.",
                )
            )
        return sorted(replace(note, path=self.tree.shown(note.path)) for note in notes)

    def _statistics(self, callbacks: int, left_out: int, locks: int) -> Statistics:
        totals = self.evaluator.pointers.totals()
        account = self.program.account
        return Statistics(
            files_analysed=len(self.files),
            files_read=len(account.files),
            functions_listed=len(account.looked_at),
            functions_lowered=len(account.looked_at) - len(account.unread),
            functions_with_errors=len(account.with_errors),
            functions_evaluated=len(account.evaluated),
            callbacks=callbacks,
            callbacks_left_out=left_out,
            locks=locks,
            calls_direct=totals["direct"],
            calls_one_target=totals["one"],
            calls_few_targets=totals["few"],
            calls_many_targets=totals["many"],
            calls_no_target=totals["none"],
        )
