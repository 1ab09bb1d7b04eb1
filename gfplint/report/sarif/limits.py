"""GitHub's limits for code scanning, and what is left out to keep them.

The numbers are those that GitHub documents as shown ("data truncation limits"); it rejects uploads only
beyond higher ones (25,000 results, 1,000 locations, 10,000 thread flow locations, 20 tags), but what it would
drop below those it picks itself.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gfplint.findings import Finding, Report

MAX_RESULTS = 5_000
"""Results of a run."""
MAX_LOCATIONS = 100
"""Locations of a result, and here also related locations."""
MAX_STEPS = 1_000
"""Thread flow locations of a result, over all of its threads."""
MAX_TAGS = 10
"""Tags of a rule."""
MAX_BYTES = 10_000_000
"""Of the file, compressed with gzip."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much may go into the log: results, the surest first, and notes about what could not be analysed.

    ``bytes`` is the limit that `smaller` keeps.
    """

    results: int = MAX_RESULTS
    notes: bool = True
    bytes: int = MAX_BYTES

    def smaller(self, log: str, results: int) -> Room | None:
        """Less room, where the finished log with that many results is too big; None where it isn't, or where
        nothing more can be left out.
        """
        if len(log) <= self.bytes // 4:  # four bytes of UTF-8 at most; compression helps
            return None
        size = len(gzip.compress(log.encode("utf-8", "replace"), 6, mtime=0))
        if size <= self.bytes or (not results and not self.notes):
            return None
        if self.notes:
            return replace(self, notes=False)
        return replace(self, results=min(results - 1, results * self.bytes * 9 // (size * 10)))

    def kept(self, report: Report) -> tuple[list[Finding], int]:
        """The findings that there is room for, in their order, and the number of absent results for which
        there still is.

        What calls for action goes before what is known or allowed, then the surer before the less sure.
        """
        surest = sorted(report.findings, key=lambda finding: (not finding.active, -finding.confidence))
        left = {id(finding) for finding in surest[self.results :]}
        found = [finding for finding in report.findings if id(finding) not in left]
        return found, min(len(report.absent or ()), self.results - len(found))

    def said(self, report: Report, results: int, notes: int) -> list[str]:
        """A sentence for each kind of thing that was left out, given what the log has."""
        sentences = []
        all_results = len(report.findings) + len(report.absent or ())
        why = f"code scanning takes {MAX_RESULTS:,} results and {MAX_BYTES // 1_000_000} MB compressed"
        if results < all_results:
            sentences.append(
                f"Only {results:,} of {all_results:,} results are in the SARIF log, those that call for "
                f"action and the surest before others: {why}."
            )
        if not self.notes and notes:
            sentences.append(
                f"{notes:,} notes about what could not be analysed are not in the SARIF log: {why}."
            )
        return sentences


def middle_left_out(count: int, room: int) -> tuple[int, int]:
    """How many of ``count`` steps to keep at the start and at the end, with one in between that says so."""
    if count <= room:
        return count, 0
    return (room - 1) // 2, room - 1 - (room - 1) // 2


def tags(wanted: Sequence[str]) -> list[str]:
    """As many tags as a rule may have."""
    return list(wanted[:MAX_TAGS])
