"""One run: options in, report out. The order of the questions, and nothing else."""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Collection, Iterable
from dataclasses import replace

from gfplint.analysis.callbacks import Awaited, Callback, Callbacks, awaited
from gfplint.analysis.conditions import Conditions
from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.explain import Explainer
from gfplint.analysis.explain_scopes import ScopeExplainer
from gfplint.analysis.regions import Regions
from gfplint.analysis.summary import Region
from gfplint.analysis.suppressions import Suppressions
from gfplint.analysis.touched import Touched
from gfplint.analysis.unbalanced import Scopes
from gfplint.api import CheckOptions
from gfplint.errors import SourceError, UsageError
from gfplint.findings import CallbackLocks, Finding, Lock, Note, Report, Statistics
from gfplint.kernel.tree import KernelTree
from gfplint.models import Models
from gfplint.program.program import Program
from gfplint.resources import rules_directory
from gfplint.rules import Context, Rule, Rules


class Run:
    """Opens the tree and the rules once and answers for them."""

    def __init__(self, options: CheckOptions) -> None:
        if not options.paths:
            raise UsageError("Name at least one file or folder to analyse.")
        self.options = options
        self.tree = KernelTree.discover(
            *options.paths,
            kernel=options.kernel,
            kconfig=options.kconfig,
            arch=options.arch,
            jobs=options.jobs,
        )
        self.paths = (
            self._changed_paths() if options.reach else [self.tree.relative(path) for path in options.paths]
        )
        dirs = (rules_directory(), *options.rules_dirs)
        self.rules = Rules.load(dirs, self.tree.version)
        self.program = Program(self.tree, Models.load(dirs, self.tree.version))
        self.evaluator = Evaluator(self.program)
        self.conditions = Conditions(self.program.masks)
        self.evaluator.telling = self.conditions.telling(self.rules)
        self.evaluator.pointers.foreign = self.rules.only_through()
        self.explainer = Explainer(self.evaluator, self.conditions)
        self.suppressions = Suppressions(self.program, self.rules)
        self._callbacks: dict[tuple[str, ...], list[Callback]] = {}
        self.touched = Touched(self.program, options.changes) if options.changes is not None else None
        self.files = self.touched.files() if self.touched is not None and options.reach else self._files()

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
        findings: list[Finding] = []
        contexts = sorted({name for rule in rules for name in rule.contexts})
        nothing = self.touched is not None and not self.touched.anything
        callbacks = [] if nothing else self._find_callbacks([self.rules.context(name) for name in contexts])
        locks: set[str] = set()
        for rule in rules:
            if rule.kind == "scope":
                findings.extend(self._unbalanced(rule))
            for name in rule.contexts:
                context = self.rules.context(name)
                mine = [each for each in callbacks if each.registered.context == name]
                if rule.kind == "inside":
                    findings.extend(self._inside(rule, context, mine))
                else:
                    waits = self._touched_first(context, awaited(mine))
                    locks.update(waits)
                    findings.extend(self._held(rule, context, waits))
        if not self.options.reach:
            self._look_at_named_files()
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
            statistics=self._statistics(len(callbacks), len(locks)),
            root=str(self.tree.root),
            kernel_version=self.tree.version_text,
            paths=[self.tree.shown(path) for path in self.paths],
        )

    def _find_callbacks(self, contexts: list[Context]) -> list[Callback]:
        key = tuple(context.id for context in contexts)
        if key not in self._callbacks:
            self._progress("looking for callbacks of reclaim", 0, 3)
            self._callbacks[key] = Callbacks(self.evaluator).find(contexts)
            self._progress("following the locks that they wait for", 1, 3)
        return self._callbacks[key]

    def _progress(self, what: str, done: int, total: int) -> None:
        if self.options.progress is not None:
            self.options.progress(what, done, total)

    def _inside(self, rule: Rule, context: Context, callbacks: list[Callback]) -> list[Finding]:
        best: dict[tuple[object, ...], Finding] = {}
        wanted = set(self.files)
        for callback in callbacks:
            ref = callback.registered.callback
            if ref.path not in wanted and not self.options.reach:
                continue
            for effect in callback.allocations():
                if self.explainer.matches(rule, effect):
                    finding = self.suppressions.apply(
                        self.explainer.inside(rule, context, callback.registered, effect)
                    )
                    if self.touched is not None and not self.touched.finding(finding):
                        continue
                    _keep_best(best, (rule.id, finding.place, finding.active), finding)
        return list(best.values())

    def _held(self, rule: Rule, context: Context, waits: dict[str, list[Awaited]]) -> list[Finding]:
        self._progress("looking at what is allocated under them", 2, 3)
        found: dict[tuple[object, ...], list[Finding]] = {}
        regions = Regions(self.evaluator, self.files)

        def worth(region: Region) -> bool:
            first = self.explainer.waiting(waits[region.held.lock.name], region.effect)
            if first is None:
                return False
            enough = self.explainer.best_confidence(region, first) >= self.options.min_confidence
            return enough and self.explainer.matches(rule, region.effect)

        for held in regions.find([each[0].lock for each in waits.values()], worth):
            effect = held.region.effect
            first = self.explainer.waiting(waits[held.region.held.lock.name], effect)
            if first is None or not self.explainer.matches(rule, effect):
                continue
            finding = self.suppressions.apply(self.explainer.held(rule, context, held, first))
            if self.touched is not None and not self.touched.finding(finding):
                continue
            site = self.explainer.allocation_site(held.function, effect)
            # What is allowed in one function must not stand for what isn't in another.
            found.setdefault((held.region.held.lock.name, site, finding.active), []).append(finding)
        by_call: dict[tuple[object, ...], Finding] = {}
        for same in found.values():
            finding = _merged(same)
            _keep_best(by_call, (finding.place, finding.lock, finding.active), finding)
        return list(by_call.values())

    def _touched_first(self, context: Context, waits: dict[str, list[Awaited]]) -> dict[str, list[Awaited]]:
        """Of the callbacks that wait for a lock, one that the changes touch is the witness. Where there is
        one, whoever holds that lock may be in any file.
        """
        touched = self.touched
        if touched is None:
            return waits
        more: set[str] = set()
        for name, each in waits.items():
            flags = [
                touched.thread(self.explainer.waiter(context, one.registered, one.effect, name))
                for one in each
            ]
            if any(flags):
                first = flags.index(True)
                each.insert(0, each.pop(first))
                if self.options.reach and each[0].lock.word:
                    more.update(touched.files_with(each[0].lock.word))
        self.files = sorted({*self.files, *more})
        return waits

    def _unbalanced(self, rule: Rule) -> list[Finding]:
        explainer = ScopeExplainer(self.explainer, self.program, rule)
        found = Scopes(self.evaluator, self.files).find()
        findings = [self.suppressions.apply(explainer.finding(each)) for each in found]
        return [each for each in findings if self.touched is None or self.touched.finding(each)]

    # -------------------------------------------------------------------------- show-locks

    def show_locks(self) -> list[CallbackLocks]:
        """Every callback of reclaim that the rules know of, with the locks it waits for."""
        return [self._callback_locks(each, each.waits()) for each in self._selected_callbacks()]

    def waiters(self, locks: Collection[str]) -> dict[str, list[CallbackLocks]]:
        """Lock class name → the callbacks of reclaim that may wait for it, each with the way to that lock."""
        result: dict[str, list[CallbackLocks]] = {}
        for callback in self._selected_callbacks():
            for each in callback.waits():
                if each.lock.name in locks:
                    found = self._callback_locks(callback, [each])
                    result.setdefault(each.lock.name, []).append(found)
        return result

    def _selected_callbacks(self) -> list[Callback]:
        names = sorted({name for rule in self.selected() for name in rule.contexts})
        return self._find_callbacks([self.rules.context(name) for name in names])

    def _callback_locks(self, callback: Callback, waits: list[Awaited]) -> CallbackLocks:
        registered = callback.registered
        context = self.rules.context(registered.context)
        locks = []
        for each in waits:
            thread = self.explainer.waiter(context, registered, each.effect, each.lock.name)
            steps = tuple(step for step in thread.steps if step.kind in ("callback", "call", "wait"))
            last = steps[-1]
            assert last.place is not None
            kind = f"{each.lock.kind}, for reading" if each.shared else each.lock.kind
            locks.append((Lock(each.lock.name, kind, last.place, last.function), steps))
        ref = registered.callback
        fn = self.program.function(ref)
        return CallbackLocks(
            context.title,
            ref.name,
            self.explainer.place(registered.path, registered.at),
            self.explainer.place(ref.path, fn.name_at if fn is not None else ref.start),
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

    def _statistics(self, callbacks: int, locks: int) -> Statistics:
        totals = self.evaluator.pointers.totals()
        return Statistics(
            files_analysed=len(self.files),
            files_read=self.program.files_read,
            functions_listed=self.program.functions_looked_at,
            functions_lowered=self.program.functions_lowered,
            functions_with_errors=self.program.functions_with_errors,
            functions_evaluated=self.evaluator.evaluations,
            callbacks=callbacks,
            locks=locks,
            calls_direct=totals["direct"],
            calls_one_target=totals["one"],
            calls_few_targets=totals["few"],
            calls_many_targets=totals["many"],
            calls_no_target=totals["none"],
        )


def _merged(same: list[Finding]) -> Finding:
    """One finding for one allocation under one lock, however many functions get there with the lock held:
    the best witness is reported, the others are listed.
    """
    same.sort(key=_quality)
    best = same[0]
    others = {
        (each.place, f"{each.function}() gets to the same allocation with the lock held")
        for each in same
        if each.place != best.place
    }
    return replace(
        best, also=tuple(sorted(others, key=lambda other: (other[0].path, other[0].line, other[0].column)))
    )


def _keep_best(best: dict[tuple[object, ...], Finding], key: tuple[object, ...], finding: Finding) -> None:
    known = best.get(key)
    if known is None or _quality(finding) < _quality(known):
        best[key] = finding


def _quality(finding: Finding) -> tuple[object, ...]:
    return (
        -finding.confidence,
        sum(len(thread.steps) for thread in finding.threads),
        finding.place.path,
        finding.place.line,
        finding.place.column,
    )
