"""What an older SARIF log of gfplint already knew: which findings are new, and which are gone.

What comes in: that log and a report. What goes out: the report with SARIF's ``baselineState`` for each
finding, and with the results that nothing was found for any more.

A finding is the same as an older result where their fingerprints are equal; else, among those that are left,
where rule, file, lock and the text from its line on are (its function was renamed, or a callee); else where
rule, function and lock are (its file was renamed). Every result answers for one finding only.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gfplint.errors import UsageError
from gfplint.findings import Confidence, Finding, Report
from gfplint.identity import FINGERPRINT, LINE_HASH, Sources, fingerprint

_KEPT = frozenset(
    (
        *("ruleId", "level", "kind", "rank", "message", "locations", "codeFlows", "relatedLocations"),
        *("partialFingerprints", "suppressions", "properties"),
    )
)
"""What is carried over of a result: all that gfplint writes, but for what only makes sense in its own log."""


@dataclass(slots=True, eq=False)
class _Old:
    """One result of the baseline. Texts that it doesn't have are empty."""

    result: dict[str, Any]
    rule: str
    path: str
    function: str
    lock: str
    message: str
    own: str
    line: str
    confidence: Confidence
    suppressed: bool


class Baseline:
    """The results of an older log that were there when it was written."""

    def __init__(self, results: Sequence[_Old]) -> None:
        self._results = results

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """The log at ``path``. Raises :class:`UsageError` where that isn't SARIF of gfplint's."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"The baseline {path} can't be read: {error.strerror}.") from error
        try:
            log = json.loads(data)
        except (ValueError, RecursionError):
            raise UsageError(f"The baseline {path} is not SARIF: it isn't JSON.") from None
        runs = log.get("runs") if isinstance(log, dict) else None
        if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
            raise UsageError(f"The baseline {path} is not SARIF: it has no runs.")
        if not str(log.get("version", "")).startswith("2.1"):
            raise UsageError(f"The baseline {path} is not SARIF 2.1.0.")
        tools = [_text(run, "tool", "driver", "name") for run in runs]
        if "gfplint" not in tools:
            others = ", ".join(sorted({tool or "an unnamed tool" for tool in tools}))
            raise UsageError(
                f"The baseline {path} was written by {others}, not by gfplint."
                if others
                else f"The baseline {path} has no run of gfplint."
            )
        results: list[_Old] = []
        for run, tool in zip(runs, tools, strict=True):
            if tool == "gfplint":
                results += _results(run, path)
        return cls(results)

    def compare(self, report: Report, rules: Collection[str], lowest: Confidence) -> Report:
        """The report, compared. ``rules`` are those that ran, ``lowest`` is the least confidence that is
        reported: what this run didn't look for isn't absent.
        """
        from gfplint.report.sarif.places import Base

        base = Base(report.root, report.paths)
        sources = Sources(report.root)
        left = list(self._results)
        matched: dict[int, _Old] = {}

        def match(new: Callable[[Finding], Hashable], old: Callable[[_Old], Hashable], active: bool) -> None:
            """Pair those with equal keys, those at equal lines first, then in order; None has no equal."""
            candidates: dict[Hashable, list[_Old]] = defaultdict(list)
            for each in left:
                # What was allowed doesn't excuse what isn't any more.
                if old(each) is not None and not (active and each.suppressed):
                    candidates[old(each)].append(each)
            for same_line in (True, False):
                for number, finding in enumerate(report.findings):
                    if number in matched or finding.active != active or new(finding) is None:
                        continue
                    line = sources.hash(finding.place)
                    for each in candidates.get(new(finding), ()):
                        if not same_line or each.line == line:
                            matched[number] = each
                            candidates[new(finding)].remove(each)
                            left.remove(each)
                            break

        def lock(finding: Finding) -> str:
            return finding.lock.name if finding.lock else ""

        for active in (True, False):
            match(lambda f: (f.rule, fingerprint(f)), lambda o: (o.rule, o.own) if o.own else None, active)
        for active in (True, False):
            match(
                lambda f: (f.rule, base.artifact(f.place.path).uri, lock(f), sources.hash(f.place)),
                lambda o: (o.rule, o.path, o.lock, o.line) if o.path and o.line else None,
                active,
            )
        for active in (True, False):
            match(
                lambda f: (f.rule, f.function, lock(f)),
                lambda o: (o.rule, o.function, o.lock) if o.function else None,
                active,
            )
        findings = [
            replace(finding, baseline=_state(finding, matched.get(number)))
            for number, finding in enumerate(report.findings)
        ]
        present = {(finding.rule, fingerprint(finding)) for finding in report.findings}
        looked_at = [base.artifact(path).uri.rstrip("/") if path else "" for path in report.paths]
        if "" in report.paths:
            looked_at = [""]
        absent = [
            {key: value for key, value in each.result.items() if key in _KEPT}
            for each in left
            if each.rule in rules
            and each.confidence >= lowest
            and _inside(each.path, looked_at)
            and not (each.suppressed and (each.rule, each.own) in present)
        ]
        return replace(report, findings=findings, absent=absent)


def _state(finding: Finding, old: _Old | None) -> str:
    """SARIF's word; a result is updated where another function, lock or mask is meant, or it is as sure."""
    if old is None:
        return "new"
    changed = (
        old.own != fingerprint(finding)
        or not old.message.startswith(finding.message)
        or old.confidence != finding.confidence
    )
    return "updated" if changed else "unchanged"


def _inside(path: str, folders: Iterable[str]) -> bool:
    return any(not folder or path == folder or path.startswith(f"{folder}/") for folder in folders)


def _results(run: dict[str, Any], path: Path) -> list[_Old]:
    results = run.get("results")
    if results is None:
        return []
    if not isinstance(results, list):
        raise UsageError(f"The baseline {path} is broken: its results are no list.")
    found = []
    for number, result in enumerate(results, 1):
        if (
            not isinstance(result, dict)
            or not _text(result, "ruleId")
            or not _text(result, "message", "text")
            or not isinstance(result.get("locations", []), list)
        ):
            raise UsageError(
                f"The baseline {path} is broken: result {number} has no rule, message or list of locations."
            )
        if result.get("baselineState") != "absent":
            found.append(_old(result))
    return found


def _old(result: dict[str, Any]) -> _Old:
    locations = result.get("locations") or [{}]
    place = locations[0]
    names = place.get("logicalLocations") if isinstance(place, dict) else None
    word = _text(result, "properties", "confidence").upper()
    return _Old(
        result=result,
        rule=_text(result, "ruleId"),
        path=_text(place, "physicalLocation", "artifactLocation", "uri"),
        function=_text(names[0], "name") if isinstance(names, list) and names else "",
        lock=_text(result, "properties", "lock", "class"),
        message=_text(result, "message", "text"),
        own=_text(result, "partialFingerprints", FINGERPRINT),
        line=_text(result, "partialFingerprints", LINE_HASH),
        confidence=Confidence[word] if word in Confidence.__members__ else Confidence.MEDIUM,
        suppressed=bool(result.get("suppressions")),
    )


def _text(value: Any, *keys: str) -> str:
    """The text at the end of these keys; "" where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
