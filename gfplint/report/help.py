"""What rules there are and what each means: ``--list-rules`` and ``--explain``."""

from __future__ import annotations

from collections.abc import Iterable

from gfplint.report import RuleText, markdown
from gfplint.report.layout import style, wrap


def list_rules(rules: Iterable[RuleText], *, width: int = 80, colour: bool = False) -> str:
    """One entry for each rule: its id, severity and title, then its name, which ``--select`` also takes."""
    lines = []
    for rule in sorted(rules, key=lambda rule: rule.id):
        indent = " " * (len(rule.id) + 2)
        title = wrap(rule.title, width - len(indent))
        lines.append(f"{style(rule.id, 'bold', colour)}  {title[0]}")
        lines += [indent + line for line in title[1:]]
        lines.append(f"{indent}{rule.name}, {rule.severity}")
    return "".join(f"{line}\n" for line in lines)


def explain(rule: RuleText, *, width: int = 80, colour: bool = False) -> str:
    """The rule's manual page.

    Its title, summary and help. The help is Markdown and is laid out for the terminal.
    """
    heading = style(f"{rule.id} {rule.name}", "bold", colour)
    weaknesses = f", {', '.join(f'CWE-{number}' for number in rule.cwe)}" if rule.cwe else ""
    parts = [
        f"{heading} ({rule.severity}{weaknesses})",
        "\n".join(wrap(rule.title, width)),
        "\n".join(wrap(rule.summary, width)),
        markdown.layout(rule.help, width=width, colour=colour),
    ]
    return "\n\n".join(part for part in parts if part)
