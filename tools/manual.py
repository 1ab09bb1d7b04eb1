"""The man page, from the command's own options and a few sections of prose.

click-man knows neither headings over options nor any section but OPTIONS; hence this one.
"""

from __future__ import annotations

import datetime
import re
import textwrap
from typing import Any

import click

from gfplint import __version__
from gfplint.command.options import Option

_TITLE = re.compile(r'^\.TH GFPLINT 1 "[^"]*"')

NAME = "find kernel allocations that can deadlock with memory reclaim"

DESCRIPTION = """\
gfplint reads C sources of the Linux kernel, without a build and without a configuration, and looks for memory
allocations that may enter memory reclaim while a lock is held for which reclaim itself waits.
What lies outside of the named files (the callbacks of reclaim, the functions between a lock and an
allocation) is read from the tree around them.

Each PATH is a C file or a folder; a folder means all C files below it.
A report names the lock, the allocation's mask and every step of both threads.

Findings have a confidence of high, medium or low. Those below --min-confidence are not reported.
"""

EXIT_STATUS = (
    ("0", "There are no findings."),
    ("1", "There are findings."),
    ("2", "The job could not be done; one sentence on standard error says why."),
    ("130", "The run was interrupted."),
)

ENVIRONMENT = (
    ("NO_COLOR", "If set and not empty, text has no colour, unless --color always is given."),
    ("GFPLINT_DEBUG", "If set, an error comes with a traceback."),
    ("_GFPLINT_COMPLETE", "bash_source, zsh_source or fish_source: print the shell's completion script."),
)

FILES = (
    (".gfplint.toml", "Settings: keys are long options without the dashes, paths are relative to the file."),
    ("pyproject.toml", "The same, in the table [tool.gfplint]."),
)

EXAMPLES = (
    ("Check a driver in a kernel tree", "gfplint drivers/virtio/"),
    ("Check a driver outside of any tree", "gfplint --kernel ~/src/linux my_driver.c"),
    ("Write SARIF 2.1.0", "gfplint --output-format sarif -o gfplint.sarif drivers/"),
    ("List the locks that reclaim may wait for", "gfplint --show-locks"),
    ("Read about a rule", "gfplint --explain GFP001"),
)


def page(command: click.Command) -> str:
    """The whole page, in the macros of man(7)."""
    lines = [
        f'.TH GFPLINT 1 "{datetime.date.today().isoformat()}" "gfplint {__version__}" "User Commands"',
        ".SH NAME",
        rf"gfplint \- {escape(NAME)}",
        ".SH SYNOPSIS",
        ".B gfplint",
        r"[\fIOPTIONS\fP] \fIPATH\fP...",
        ".SH DESCRIPTION",
        *_paragraphs(DESCRIPTION),
        ".SH OPTIONS",
    ]
    groups: dict[str, list[Option]] = {}
    for option in command.params:
        if isinstance(option, Option) and not option.hidden:
            groups.setdefault(option.group, []).append(option)
    for group, options in groups.items():
        lines.append(f".SS {escape(group)}")
        for option in options:
            lines += [".TP", _declaration(option), *_filled(sentence(option) + _extent(option))]
        if group == list(groups)[-1]:
            lines += [".TP", r"\fB\-h\fP, \fB\-\-help\fP", "Show the options and exit."]
    for heading, entries in (("EXIT STATUS", EXIT_STATUS), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        lines.append(f".SH {heading}")
        for word, text in entries:
            lines += [".TP", rf"\fB{escape(word)}\fP", *_filled(text)]
    lines.append(".SH EXAMPLES")
    for text, example in EXAMPLES:
        lines += [".TP", escape(f"{text}:"), rf"\fB{escape(example)}\fP"]
    lines += [".SH SEE ALSO", r"\fBsparse\fP(1), the folder Documentation/core\-api/ of the kernel"]
    return "".join(f"{line}\n" for line in lines)


def undated(text: str) -> str:
    """The page without its date, which is that of the last change."""
    return _TITLE.sub(".TH GFPLINT 1", text)


def escape(text: str) -> str:
    """Text as roff prints it unchanged."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("~", r"\(ti")
    return rf"\&{text}" if text.startswith(".") else text


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for paragraph in text.strip().split("\n\n"):
        lines += [".PP"] if lines else []
        lines += _filled(paragraph)
    return lines


def _filled(text: str) -> list[str]:
    """Short lines, a new one for each sentence: roff fills paragraphs itself."""
    sentences = re.split(r"(?<=[.;]) (?=[A-Z])", " ".join(text.split()))
    return [
        escape(line) for sentence in sentences for line in textwrap.wrap(sentence, 66, break_on_hyphens=False)
    ]


def _declaration(option: Option) -> str:
    names = ", ".join(
        rf"\fB{escape(name)}\fP" for name in (*sorted(option.opts, key=len), *option.secondary_opts)
    )
    if option.is_flag:
        return names
    value = "|".join(choices(option)) or option.metavar or option.type.name
    return rf"{names} \fI{escape(value)}\fP"


def _extent(option: Option) -> str:
    value = default(option)
    said = "" if value is None or option.is_flag else f" The default is {value}."
    return said + (" May be given several times." if option.multiple else "")


def long_names(option: Option) -> list[str]:
    """The names with two dashes, without those that switch off."""
    return [name for name in option.opts if name.startswith("--")]


def sentence(option: Option) -> str:
    """The option's help."""
    return " ".join((option.help or "").split())


def choices(option: Option) -> list[str]:
    """The words that the option takes, or none where it takes any."""
    return [str(choice) for choice in option.type.choices] if isinstance(option.type, click.Choice) else []


def default(option: Option) -> Any:
    """The default that the command states, or None."""
    return option.default if option.show_default else None
