"""What a shell offers behind an option; click asks for it (``_GFPLINT_COMPLETE``, see docs/shells.md)."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from gfplint.errors import GfplintError


def rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The rules whose id or name starts like the last of the words that commas part."""
    from gfplint.command.rules import load

    before, comma, start = incomplete.rpartition(",")
    if comma and not getattr(parameter, "multiple", False):
        return []
    try:
        known = load(tuple(folder for folder in context.params.get("rules_dirs") or () if folder.is_dir()))
    except GfplintError:  # a folder of rules that can't be used is said when the command runs
        return []
    offered = [(rule.id, rule.title) for rule in known]
    if start:  # names only for whoever begins one: they'd double the list
        offered += [(rule.name, rule.title) for rule in known]
    start = start.casefold()
    used = {word.strip().casefold() for word in before.split(",")}
    return [
        CompletionItem(before + comma + word, help=title)
        for word, title in offered
        if word.casefold().startswith(start) and word.casefold() not in used
    ]
