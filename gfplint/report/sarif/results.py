"""What a log says of one finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sarif_om as om

from gfplint.findings import Confidence, Finding, Place, Step, Suppression, Thread
from gfplint.identity import FINGERPRINT, LINE_HASH, Sources, fingerprint
from gfplint.report.sarif.limits import MAX_LOCATIONS, MAX_STEPS, middle_left_out
from gfplint.report.sarif.places import Base
from gfplint.report.sarif.words import level, sentence
from gfplint.report.text import mask_lines, phrase, position

# SARIF's rank is 0 to 100; the steps of Confidence are spread over it.
_RANK = {Confidence.LOW: 25.0, Confidence.MEDIUM: 60.0, Confidence.HIGH: 90.0}
# The kinds of events of SARIF 2.1.0, 3.38.8, for each kind of step.
_KINDS = {
    "enter": ["enter", "function"],
    "acquire": ["acquire", "lock"],
    "call": ["call", "function"],
    "allocate": ["acquire", "memory"],
    "reclaim": ["call", "function"],
    "register": ["call", "function"],
    "callback": ["call", "function"],
    "wait": ["acquire", "lock"],
    "save": ["enter", "scope"],
    "restore": ["exit", "scope"],
    "branch": ["branch"],
    "return": ["return", "function"],
}


class Results:
    """Makes results of findings. ``index`` and ``severity`` are the rules', by id."""

    def __init__(
        self, base: Base, sources: Sources, index: Mapping[str, int], severity: Mapping[str, str]
    ) -> None:
        self._base = base
        self._sources = sources
        self._index = index
        self._severity = severity

    def of(self, finding: Finding) -> om.Result:
        """The result of one finding."""
        flows = self._flows(finding)
        related = list(_related(finding))[:MAX_LOCATIONS]
        lines = self._sources.lines(finding.place.path)
        return om.Result(
            rule_id=finding.rule,
            rule_index=self._index.get(finding.rule, -1),
            level=level(self._severity.get(finding.rule, "warning")),
            rank=_RANK[finding.confidence],
            message=om.Message(text=_message(finding)),
            locations=[self._base.location(finding.place, finding.function, lines=lines)],
            code_flows=[om.CodeFlow(thread_flows=flows)] if flows else None,
            related_locations=[
                self._base.location(place, "", text, number=number)
                for number, (place, text) in enumerate(related, 1)
            ]
            or None,
            partial_fingerprints=self._fingerprints(finding),
            suppressions=[self._suppression(finding.suppression)] if finding.suppression else None,
            baseline_state=finding.baseline or None,
            properties=_properties(finding),
        )

    def absent(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """A result of the baseline that is in this run no more, as it was."""
        index = self._index.get(result["ruleId"], -1)
        kept = {key: value for key, value in result.items() if key not in ("ruleIndex", "baselineState")}
        place = {"ruleIndex": index} if index >= 0 else {}
        return {"ruleId": kept.pop("ruleId"), **place, **kept, "baselineState": "absent"}

    def _fingerprints(self, finding: Finding) -> dict[str, str]:
        line = self._sources.hash(finding.place)
        return {FINGERPRINT: fingerprint(finding), **({LINE_HASH: line} if line else {})}

    def _suppression(self, suppression: Suppression) -> om.Suppression:
        return om.Suppression(
            kind="inSource",
            justification=suppression.reason,
            location=self._base.location(suppression.place),
        )

    def _flows(self, finding: Finding) -> list[om.ThreadFlow]:
        threads = [thread for thread in finding.threads if thread.steps]
        room = MAX_STEPS // max(len(threads), 1)
        return [self._flow(thread, number, room) for number, thread in enumerate(threads, 1)]

    def _flow(self, thread: Thread, number: int, room: int) -> om.ThreadFlow:
        first, last = middle_left_out(len(thread.steps), room)
        steps = [self._step(step) for step in thread.steps[:first]]
        if first < len(thread.steps):
            text = f"{len(thread.steps) - first - last:,} steps are left out here."
            steps.append(om.ThreadFlowLocation(location=self._base.location(None, "", text)))
            steps += [self._step(step) for step in thread.steps[-last:]]
        return om.ThreadFlow(
            id=f"thread {number}",
            message=om.Message(text=sentence(thread.title)) if thread.title else None,
            locations=steps,
        )

    def _step(self, step: Step) -> om.ThreadFlowLocation:
        return om.ThreadFlowLocation(
            kinds=_KINDS.get(step.kind),
            importance="essential" if step.kind in ("acquire", "allocate", "wait") else "important",
            location=self._base.location(step.place, step.function, phrase(step)),
        )


def _message(finding: Finding) -> str:
    """What the text report says, as sentences; the first is all that some viewers show."""
    parts = [sentence(finding.message)]
    if finding.lock:
        parts.append(
            f"Lock: {finding.lock.kind}, taken in {finding.lock.taken_in}(), {position(finding.lock.taken)}."
        )
    if finding.mask:
        parts.append(sentence(f"Mask: {' '.join(mask_lines(finding.mask))}"))
    parts += [f"{way.name[:1].upper()}{way.name[1:]}: {sentence(way.why)}" for way in finding.ways]
    parts += [sentence(text) for text in (*finding.unsaved, *finding.fixes)]
    return "\n".join(parts)


def _related(finding: Finding) -> Iterable[tuple[Place, str]]:
    """Places worth a link beside the finding.

    Where the lock was taken, where the other side waits, further allocations.
    """
    if finding.lock:
        yield finding.lock.taken, f"{finding.lock.name} is taken here."
    for thread in finding.threads[1:]:
        for step in thread.steps[-1:]:
            if step.place:
                yield step.place, sentence(phrase(step))
    for place, text in finding.also:
        yield place, sentence(text)


def _properties(finding: Finding) -> dict[str, Any]:
    """What has no place of its own in SARIF, for tools that compare or filter."""
    properties: dict[str, Any] = {"confidence": finding.confidence.word, "facts": list(finding.facts)}
    if finding.lock:
        properties["lock"] = {"class": finding.lock.name, "kind": finding.lock.kind}
    if finding.mask:
        properties["mask"] = {
            "written": finding.mask.written,
            "set": list(finding.mask.flags),
            "undecided": list(finding.mask.undecided),
        }
    if finding.ways:
        properties["ways"] = [way.name for way in finding.ways]
    return properties
