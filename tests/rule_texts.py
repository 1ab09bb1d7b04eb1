"""Two rules as the printers see them, so that their tests don't depend on the wording under rules/."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """The fields of `gfplint.report.RuleText`."""

    id: str
    name: str
    title: str
    summary: str
    help: str
    severity: str
    cwe: tuple[int, ...]


RULES = (
    Text(
        "GFP002",
        "reclaim-inside-oom-notifier",
        "Direct-reclaim allocation inside an OOM notifier",
        "The notifier runs with oom_lock held.",
        "# GFP002\n\nThe allocation can only spin.\n",
        "error",
        (833,),
    ),
    Text(
        "GFP001",
        "reclaim-under-oom-notifier-lock",
        "Direct-reclaim allocation under a lock that an OOM notifier takes",
        "Reclaim may wait for the notifier, and the notifier for the lock.",
        "# GFP001\n\nThe story of the balloon.\n",
        "error",
        (833, 667),
    ),
)
