"""From a scope that is not left to a finding: the way that misses the restore, and what comes of it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter

from gfplint import ir
from gfplint.analysis.dependence import reaching
from gfplint.analysis.explain import Explainer
from gfplint.analysis.scope_state import Entry, Problem, Trace
from gfplint.analysis.unbalanced import Unbalanced
from gfplint.findings import Confidence, Finding, Place, Step, Thread, Way
from gfplint.frontend.lower_builder import successors
from gfplint.models import LeaveScope
from gfplint.program.program import Program
from gfplint.rules import Rule

_MAX_BRANCHES = 5
"""Conditions of a way that are shown, the last ones."""
_LONGEST = 60
_WORD = re.compile(rb"[A-Za-z_]\w*")
_SPACE = re.compile(rb"\s+")


class ScopeExplainer:
    """Turns what :class:`gfplint.analysis.unbalanced.Scopes` found into findings of one rule."""

    def __init__(self, explainer: Explainer, program: Program, rule: Rule) -> None:
        self._explainer = explainer
        self._program = program
        self._rule = rule
        self._problems = {each.name: each for each in rule.problems}
        self._kinds = {each.name: each for each in rule.scopes}
        self._seen: Counter[tuple[str, ...]] = Counter()
        models = program.models
        self._restores = {
            effect.scope: name
            for name in reversed(models.scoping())
            if (model := models.get(name)) is not None
            for effect in model.effects
            if isinstance(effect, LeaveScope)
        }

    def finding(self, found: Unbalanced) -> Finding:
        """One finding for one save, or for one restore where no save is at fault."""
        problem, path = found.problems[0], found.ref.path
        kind = found.entry.kind if found.entry is not None else self._kind_of(problem.restore)
        save = _save(found.entry) if found.entry is not None else ""
        words = {
            "function": f"{found.ref.name}()",
            "scope": kind if kind != "flags" else "allocation",
            "flag": self._kinds[kind].flag,
            "save": save or "nothing",
            "restore": self._restore(found.entry, kind),
            "other": f"{problem.restore}()" if found.other is None else _save(found.other),
        }
        about = self._problems[problem.kind]
        at = found.entry.at if found.entry is not None and _is_open(problem) else problem.at
        confidence, facts = self._confidence(found, kind)
        key = (path, found.ref.name, problem.kind, save, problem.restore)
        self._seen[key] += 1
        return Finding(
            rule=self._rule.id,
            place=self._place(path, at),
            function=found.ref.name,
            message=_fill(about.message, words),
            confidence=confidence,
            facts=facts,
            threads=(self._way(found, problem, words),),
            ways=(self._effect(problem, kind, words),),
            fixes=tuple(_fill(fix, words) for fix in about.fixes),
            also=tuple(
                (self._place(path, each.at), f"{words['function']} gets here with the scope open, too")
                for each in sorted(found.problems[1:], key=lambda each: each.at)
            ),
            fingerprint=self._fingerprint(key),
        )

    # -------------------------------------------------------------------------------- words

    def _kind_of(self, restore: str) -> str:
        model = self._program.models.get(restore)
        effects = model.effects if model is not None else ()
        return next((each.scope for each in effects if isinstance(each, LeaveScope)), "flags")

    def _restore(self, entry: Entry | None, kind: str) -> str:
        """What would leave the scope."""
        if entry is not None and not entry.call:
            return f"current->flags &= ~{self._kinds[kind].flag}"
        if entry is not None and entry.wrapped:
            return f"the restore of what {entry.call}() returned"
        name = entry.call.replace("_save", "_restore") if entry is not None else ""
        return f"{name if self._program.models.get(name) is not None else self._restores[kind]}()"

    def _effect(self, problem: Problem, kind: str, words: dict[str, str]) -> Way:
        why = _fill(self._problems[problem.kind].why, words)
        if problem.kind == "unset":
            return Way("any flag", why)
        return Way(f"stays in the {words['scope']} scope", f"{why} {_fill(self._kinds[kind].why, words)}")

    def _fingerprint(self, key: tuple[str, ...]) -> str:
        """Stable while lines move: the number tells apart equal problems of one function."""
        path, *rest = key
        parts = (self._rule.id, self._program.tree.stable(path), *rest, str(self._seen[key]))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    # --------------------------------------------------------------------------- confidence

    def _confidence(self, found: Unbalanced, kind: str) -> tuple[Confidence, tuple[str, ...]]:
        problem, entry = found.problems[0], found.entry
        facts: list[str] = []
        level = Confidence.HIGH
        if entry is not None and not entry.kept:
            level = Confidence.LOW
            facts.append("The cookie is thrown away: the scope may be meant to last as long as the task.")
        elif entry is not None and _is_open(problem):
            facts.append(
                "Another way through the function restores it."
                if found.restored
                else "No way through the function restores it, and nobody else is given the cookie."
            )
        if entry is not None and not entry.call:
            level = min(level, Confidence.MEDIUM)
            facts.append(f"{self._kinds[kind].flag} is set by hand: a caller may be meant to clear it.")
        if entry is not None and entry.wrapped:
            facts.append(f"{entry.call}() returns with the scope entered, and returns its cookie.")
        if problem.kind == "other-kind" and self._program.tree.index.functions("memalloc_flags_restore"):
            level = min(level, Confidence.MEDIUM)
            facts.append(
                "In this kernel every restore clears what its cookie says, so that the wrong one still works."
            )
        if problem.kind in ("other-kind", "order"):
            facts.append("The cookie is that save's on this way.")
        if problem.kind == "unset":
            facts.append("On this way nothing is assigned to the variable.")
        if problem.joined:
            level = Confidence.LOW
            facts.append("The function has too many paths to keep them apart.")
        if found.fn.errors:
            level = Confidence.LOW
            facts.append("Parts of the function could not be read.")
        return level, tuple(facts)

    # ------------------------------------------------------------------------------ the way

    def _way(self, found: Unbalanced, problem: Problem, words: dict[str, str]) -> Thread:
        path, name = found.ref.path, found.ref.name
        trace = problem.trace.steps() if problem.trace is not None else []
        shown = [each for each in self._telling(found, problem, trace) if each.kind == "branch"]
        kept = {id(each) for each in shown[-_MAX_BRANCHES:]}
        steps: list[Step] = []
        for each in trace:
            place = self._place(path, each.at)
            if each.kind == "branch" and id(each) in kept:
                condition = self._condition(path, each, found.fn)
                steps.append(Step("branch", name, condition, place))
            elif each.kind == "save" and found.entry is not None and each.at == found.entry.at:
                steps.append(Step("save", name, f"enters the {words['scope']} scope: {words['save']}", place))
            elif each.kind == "save" and found.other is not None and each.at == found.other.at:
                steps.append(Step("save", name, f"enters it again: {words['other']}", place))
        steps.append(Step(*self._last(found, problem, words), self._place(path, problem.at)))
        title = "the way that misses the restore" if _is_open(problem) else "the way to the wrong restore"
        return Thread(title, tuple(steps))

    def _last(self, found: Unbalanced, problem: Problem, words: dict[str, str]) -> tuple[str, str, str]:
        name = found.ref.name
        if problem.kind == "left-open":
            return "return", name, f"returns without {words['restore']}"
        if problem.kind == "entered-again":
            return "save", name, f"comes back to {words['save']} without {words['restore']}"
        if problem.kind == "unset":
            return "restore", name, f"{words['other']} is given a variable that nothing was assigned to"
        if problem.kind == "order":
            return (
                "restore",
                name,
                f"{problem.restore}() leaves the outer scope, with the inner one still open",
            )
        return "restore", name, f"{words['other']} is given the cookie of {words['save']}"

    def _telling(self, found: Unbalanced, problem: Problem, trace: list[Trace]) -> list[Trace]:
        """The steps behind the save; of the branches those where the other arm could have led to a restore
        (or, where the cookie was never set, to a save).
        """
        fn, entry = found.fn, found.entry
        start = 0
        if entry is not None:
            start = max((n for n, each in enumerate(trace) if each.at == entry.at), default=0)
        wanted = found.saves if problem.kind == "unset" else found.restores
        good = reaching(fn, wanted)
        result: list[Trace] = []
        for each in trace[start:]:
            if each.kind == "branch":
                end = fn.blocks[each.block].end
                if isinstance(end, ir.Branch):
                    then, otherwise = successors(end)
                    if (otherwise if each.outcome else then) not in good:
                        continue
            result.append(each)
        return result

    def _condition(self, path: str, step: Trace, fn: ir.Function) -> str:
        end = fn.blocks[step.block].end
        outcome = step.outcome
        if isinstance(end, ir.Branch) and isinstance(end.condition, ir.Unary) and end.condition.op == "!":
            outcome = not outcome
        text = self._text(path, step.at)
        return f"goes on where {text} is {'true' if outcome else 'false'}" if text else "goes on"

    def _text(self, path: str, at: int) -> str:
        """One operand of a condition as the source has it."""
        file = self._program.source(path)
        if file is None:
            return ""
        data, depth, end = file.text, 0, at
        while end < len(data) and end - at < 400:
            char = data[end : end + 1]
            if char in b"([":
                depth += 1
            elif char in b")]":
                depth -= 1
            if depth < 0 or char in b"{};" or (not depth and data[end : end + 2] in (b"&&", b"||", b"? ")):
                break
            end += 1
        text = _SPACE.sub(b" ", data[at:end]).strip().lstrip(b"!").decode("utf-8", "replace")
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."

    def _place(self, path: str, at: int) -> Place:
        file = self._program.source(path)
        match = _WORD.match(file.data, at) if file is not None else None
        return self._explainer.place(path, at, match.end() - match.start() if match else 0)


def _is_open(problem: Problem) -> bool:
    return problem.kind in ("left-open", "entered-again")


def _save(entry: Entry) -> str:
    return f"{entry.call}()" if entry.call else "current->flags |= ..."


def _fill(template: str, words: dict[str, str]) -> str:
    for word, text in words.items():
        template = template.replace("{" + word + "}", text)
    return template
