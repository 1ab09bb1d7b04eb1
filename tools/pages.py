"""Pages that are made from the code, so that they can't differ from it: ``python -m tools.pages``.

Written are the man page (`share/man/man1/gfplint.1`), the page of each rule (`docs/rules/`) and the tables
of options between ``<!-- options -->`` and ``<!-- /options -->`` in `docs/configuration.md`. They are checked
in: a build needs nothing but the files, and a review sees what changes. A test compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from gfplint import cli
from gfplint.command import config
from gfplint.command.options import Option
from gfplint.rules import Rule, Rules
from tools import manual

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = ROOT / "docs" / "configuration.md"
START, END = "<!-- options -->\n", "<!-- /options -->\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Every generated file and what it must contain."""
    yield ROOT / "share" / "man" / "man1" / "gfplint.1", manual.page(cli.command)
    for rule in Rules.load((ROOT / "rules",)):
        yield ROOT / "docs" / "rules" / f"{rule.id}.md", rule_page(rule)
    before, rest = CONFIGURATION.read_text("utf-8").split(START)
    _, after = rest.split(END)
    yield CONFIGURATION, f"{before}{START}{table_of_options()}{END}{after}"


def rule_page(rule: Rule) -> str:
    """The page of a rule: what `gfplint --explain` prints, as Markdown."""
    weaknesses = ", ".join(f"CWE-{number}" for number in rule.cwe)
    return (
        f"# {rule.id}: {rule.title}\n\n"
        "| name | severity | context | classes |\n| --- | --- | --- | --- |\n"
        f"| `{rule.name}` | {rule.severity} | {', '.join(rule.contexts)} | {weaknesses} |\n\n"
        f"{rule.summary}\n\n{rule.help.strip()}\n"
    )


def table_of_options() -> str:
    """What a configuration file may set, under the headings of ``--help``."""
    settable = set(config.keys(cli.command).values())
    groups: dict[str, list[Option]] = {}
    for option in cli.command.params:
        if isinstance(option, Option) and option in settable:
            groups.setdefault(option.group, []).append(option)
    text = ""
    for group, options in groups.items():
        text += f"\n### {group}\n\n| key | value | default | |\n| --- | --- | --- | --- |\n"
        for option in options:
            name = manual.long_names(option)[0].removeprefix("--")
            text += f"| `{name}` | {_value(option)} | {_default(option)} | {manual.sentence(option)} |\n"
    return f"{text}\n"


def _value(option: Option) -> str:
    if option.is_flag:
        return "`true` or `false`"
    choices = manual.choices(option)
    if choices:
        return ", ".join(f'`"{choice}"`' for choice in choices)
    if config.is_whole_number(option):
        return "a whole number"
    what = "path" if config.is_path(option) else "string"
    return f"a {what} or a list of them" if option.multiple else f"a {what}"


def _default(option: Option) -> str:
    if option.is_flag:
        return f"`{str(option.default is True).lower()}`"
    default = manual.default(option)
    return "" if default is None else f"`{default}`" if isinstance(default, int) else f'`"{default}"`'


def main() -> int:
    """Write what differs and say so; with ``--check`` only say so, with status 1."""
    check = "--check" in sys.argv[1:]
    stale = 0
    for path, text in pages():
        if not path.exists() or manual.undated(path.read_text("utf-8")) != manual.undated(text):
            stale += 1
            print(f"{path.relative_to(ROOT)}: {'differs from the code' if check else 'written'}")
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
