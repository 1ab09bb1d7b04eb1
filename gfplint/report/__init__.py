"""Findings in, words out.

What comes in: `gfplint.findings.Report` (and, for help texts, rules that look like `RuleText`).
What goes out: text for people (`text`), SARIF 2.1.0 (`sarif`), counts (`statistics`), the rules' help
(`help`), all as strings. Nothing here analyses, reads C or decides an exit status. It may import
`gfplint.findings`, and nothing that a plain run doesn't need: each format is a module of its own, imported
when it was asked for.
"""

from __future__ import annotations

from typing import Protocol


class RuleText(Protocol):
    """What the reports need to know of a rule; `gfplint.rules.Rule` has it."""

    @property
    def id(self) -> str:
        """``GFP001``."""

    @property
    def name(self) -> str:
        """The name in kebab case."""

    @property
    def title(self) -> str:
        """One line, without a full stop."""

    @property
    def summary(self) -> str:
        """One or two sentences."""

    @property
    def help(self) -> str:
        """The whole story, in Markdown."""

    @property
    def severity(self) -> str:
        """``error``, ``warning`` or ``note``, SARIF's levels."""

    @property
    def cwe(self) -> tuple[int, ...]:
        """Numbers in the Common Weakness Enumeration, most specific first."""
